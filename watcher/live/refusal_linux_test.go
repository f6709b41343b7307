package live

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"fsrec/watcher/event"
)

// inNamespace runs the calling test again in a child with a user namespace of
// its own, where it is root and limits and mounts are its own. It reports true
// in the child.
func inNamespace(t *testing.T, also uintptr) bool {
	t.Helper()
	const marker = "FSREC_TEST_NAMESPACE"
	if os.Getenv(marker) == t.Name() {
		return true
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), marker+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | also,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	switch exit := (*exec.ExitError)(nil); {
	case err != nil && !errors.As(err, &exit):
		t.Skipf("no user namespace here: %v", err)
	case err != nil:
		t.Fatalf("%v\n%s", err, out)
	case strings.Contains(string(out), "--- SKIP"):
		t.Skipf("in a user namespace:\n%s", out)
	}
	return false
}

// limit lowers a setting of the user namespace that the test is in.
func limit(t *testing.T, name, value string) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/user/"+name, []byte(value), 0); err != nil {
		t.Skipf("cannot lower %s: %v", name, err)
	}
}

func TestTooManyWatchesNamesTheSettingAndGoesOn(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	root := t.TempDir()
	mkdirs(t, root+"/a", root+"/b", root+"/c")
	limit(t, "max_inotify_watches", "3")
	s := open(t, Options{})
	results, err := s.Add(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true})
	ok(t, err)
	failed := 0
	for _, r := range results {
		var we *event.WatchError
		if errors.As(r.Err, &we) {
			failed++
			for _, want := range []string{"sysctl user.max_inotify_watches=", "user.max_inotify_watches is 3"} {
				if !errors.Is(we, unix.ENOSPC) || !strings.Contains(we.Hint, want) {
					t.Errorf("%v does not say %q", r.Err, want)
				}
			}
		}
	}
	if failed != 1 || len(results) != 4 {
		t.Errorf("%d of %d failed, want 1 of 4", failed, len(results))
	}
	// No watch is left for a barrier, and none is needed.
	ok(t, write(root+"/f"))
	got := s.story(root, s.sync())
	for _, want := range []string{"fail watch", "IN_CREATE f"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
}

func TestTooManyInstancesNamesTheSetting(t *testing.T) {
	if !inNamespace(t, 0) {
		return
	}
	limit(t, "max_inotify_instances", "1")
	open(t, Options{})
	_, err := NewInotify(Options{})
	var le *LimitError
	if !errors.As(err, &le) || !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "user.max_inotify_instances is 1") {
		t.Errorf("%v", err)
	}
}

func TestTooManyOpenFilesNamesThatLimit(t *testing.T) {
	if !inNamespace(t, 0) { // for a process of its own
		return
	}
	ok(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: 64}))
	var all []*Inotify
	for {
		n, err := NewInotify(Options{})
		if err == nil {
			all = append(all, n)
			continue
		}
		if !errors.Is(err, unix.EMFILE) || !strings.Contains(err.Error(), "ulimit -n") {
			t.Errorf("%v", err)
		}
		break
	}
	if len(all) < 10 {
		t.Errorf("only %d instances", len(all))
	}
	for _, n := range all {
		ok(t, n.Close())
	}
}

func TestUnmountEndsTheWatch(t *testing.T) {
	if !inNamespace(t, syscall.CLONE_NEWNS) {
		return
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, ""); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	s := watched(t, dir)
	s.sync()
	ok(t, unix.Unmount(dir, 0))
	if got := s.story(dir, s.sync()); got != "IN_UNMOUNT|IN_ISDIR .\nIN_IGNORED .\nunwatch . unmounted" {
		t.Errorf("got\n%s", got)
	}
}

func TestAnUnreadableDirectoryIsToldAndTheRestWatched(t *testing.T) {
	root := t.TempDir()
	mkdirs(t, root+"/a/b", root+"/secret/x", root+"/z")
	ok(t, os.Chmod(root+"/secret", 0o300))
	t.Cleanup(func() { ok(t, os.Chmod(root+"/secret", 0o700)) })
	if os.Getuid() == 0 {
		// Root may read everything, so this thread looks at files as another
		// user. It is not unlocked, so that it ends with the goroutine.
		ok(t, os.Chmod(filepath.Dir(root), 0o755), os.Chmod(root, 0o755))
		runtime.LockOSThread()
		ok(t, unix.Setfsuid(65534))
		t.Cleanup(func() { ok(t, unix.Setfsuid(0)) })
	}
	s := open(t, Options{})
	results, err := s.Add(event.WatchRequest{Path: root, Mask: event.IN_CREATE, Recursive: true, AutoAdd: true})
	ok(t, err)
	watches := 0
	for _, r := range results {
		var we *event.WatchError
		switch {
		case r.Path == root+"/secret":
			if !errors.As(r.Err, &we) || !errors.Is(we, unix.EACCES) || we.Hint == "" || r.WD != 0 {
				t.Errorf("%+v", r)
			}
		case r.Err != nil:
			t.Error(r.Err)
		default:
			watches++
		}
	}
	if watches != 4 {
		t.Errorf("%d watches, want 4: %+v", watches, results)
	}
	for _, r := range s.sync() {
		if r.Kind == event.KindFail && (r.N != int64(unix.EACCES) || r.Path != root+"/secret" || r.Name != "watch") {
			t.Errorf("%s", event.AppendText(nil, &r))
		}
	}
}
