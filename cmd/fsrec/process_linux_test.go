package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestASignalIsTheCommandsOwn(t *testing.T) {
	s := start(t, "record", "d", "--", "sh", "-c", `trap 'echo x >d/trapped; exit 9' TERM; echo up; while :; do sleep 0.01; done`)
	s.until(s.stdout, "up")
	s.ask(ways[1])
	if code, stderr := s.end(); code != 9 {
		t.Errorf("exit code %d, want that of the trap; %s", code, stderr)
	}
	s.recorded("trapped\n")
}

func TestACommandThatASignalEndedGives128AndItsNumber(t *testing.T) {
	s := start(t, "record", "d", "--", "sh", "-c", "kill -9 $$")
	if code, _ := s.end(); code != 128+9 {
		t.Errorf("exit code %d", code)
	}
}

func TestAFullDiskEndsTheRecordingWithAReadableLog(t *testing.T) {
	dir := t.TempDir()
	disk := filepath.Join(dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("none", disk, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("a small disk needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	script := `for i in $(seq 20000); do echo > d/$i-$$-some-name-that-compresses-badly-$(( (i * 7919) % 104729 )); done`
	s := start(t, "record", "--no-snapshot", "-o", filepath.Join(disk, "log.db"), "d", "--", "sh", "-c", script)
	code, stderr := s.end()
	if code != exitTrouble {
		t.Errorf("exit code %d", code)
	}
	m := regexp.MustCompile(`no space left on device: ([\d,]+) events are safe and can be read \(([\d,]+) records\)\n$`).FindStringSubmatch(stderr)
	if m == nil {
		t.Fatalf("%q does not say what is safe", stderr)
	}
	out, err := exec.Command("fsrec", "info", filepath.Join(disk, "log.db")).Output()
	if err != nil || !regexp.MustCompile(`(?m)^records +`+m[2]+`$`).Match(out) || !strings.Contains(string(out), "no: its recorder") {
		t.Errorf("%s (%v) does not hold %s records", out, err, m[2])
	}
}

func TestADirectoryThatMayNotBeReadLeavesNoLog(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("becoming another user needs root")
	}
	dir, err := os.MkdirTemp("", "fsrec")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	program, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	// Everyone may write here, and everyone may read but d/closed.
	for name, mode := range map[string]os.FileMode{"": 0o777, "d": 0o755, "d/closed": 0o700} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "fsrec"), program, 0o755); err != nil {
		t.Fatal(err)
	}
	as := func(args ...string) (string, int) {
		cmd := exec.Command(filepath.Join(dir, "fsrec"), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		return string(out), cmd.ProcessState.ExitCode()
	}
	out, code := as("record", "d/closed")
	if code != exitTrouble || !strings.Contains(out, "permission denied") || strings.Count(out, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "log.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a log was left: %v", err)
	}
	// Below the directory that was asked for it is a warning, and the rest is recorded.
	out, code = as("record", "d", "--", "true")
	if code != exitDone || !strings.Contains(out, "warning") || !strings.Contains(out, "d/closed") {
		t.Errorf("exit code %d, %q", code, out)
	}
}

// pty gives both ends of a new terminal.
func pty(t *testing.T) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no terminals here: %v", err)
	}
	t.Cleanup(func() { master.Close() })
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// limited gives fsrec, as a shell in dir calls it, where no more than so many watches may be.
func limited(t *testing.T, dir string, watches int) (fsrec func(command string) *exec.Cmd) {
	t.Helper()
	shell := func(command string) *exec.Cmd {
		cmd := exec.Command("unshare", "-U", "-r", "sh", "-c", fmt.Sprintf("echo %d >/proc/sys/user/max_inotify_watches && exec %s", watches, command))
		cmd.Dir = dir
		return cmd
	}
	if err := shell("true").Run(); err != nil {
		t.Skipf("a limit of its own needs a user namespace: %v", err)
	}
	return func(command string) *exec.Cmd { return shell("fsrec " + command) }
}

func TestWatchesThatTheKernelRefusesAreTold(t *testing.T) {
	dir := t.TempDir()
	fsrec := limited(t, dir, 3)
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.MkdirAll(filepath.Join(dir, "d", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	out, err := fsrec("record d -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do : >d/x$i; done'").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{
		`(?m)^fsrec: warning: cannot watch ".*/d/[abcd]": no space left on device: user.max_inotify_watches is 3`,
		`(?m)^ready: 3 watches`,
	} {
		if !regexp.MustCompile(want).Match(out) {
			t.Errorf("no %s in\n%s", want, out)
		}
	}
	if n := strings.Count(string(out), "warning"); n != 2 {
		t.Errorf("%d warnings, want one for each directory:\n%s", n, out)
	}
	events, err := exec.Command("fsrec", "replay", "--format", "inotifywait", "-e", "create", filepath.Join(dir, "log.db")).CombinedOutput()
	if n := strings.Count(string(events), " CREATE x"); err != nil || n != 9 {
		t.Errorf("%d of 9 files were recorded (%v):\n%s", n, err, events)
	}
}

func TestADirectoryThatAppearsAndIsRefusedIsToldWithTheSetting(t *testing.T) {
	dir := t.TempDir()
	fsrec := limited(t, dir, 1)
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	refused := regexp.MustCompile(`(?m)^fsrec: warning: cannot watch ".*/d/[ab]": no space left on device: user.max_inotify_watches is 1;`)

	out, err := fsrec("record d -- mkdir d/a").CombinedOutput()
	if err != nil || !refused.Match(out) {
		t.Errorf("record (%v) does not name the setting:\n%s", err, out)
	}

	if err := os.Remove(filepath.Join(dir, "d", "a")); err != nil {
		t.Fatal(err)
	}
	watch := fsrec("watch --format none d")
	stderr, err := watch.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Start(); err != nil {
		t.Fatal(err)
	}
	kill := time.AfterFunc(time.Minute, func() { watch.Process.Kill() })
	defer kill.Stop()
	said := ""
	for lines := bufio.NewScanner(stderr); !refused.MatchString(said) && lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ready") {
			if err := os.Mkdir(filepath.Join(dir, "d", "b"), 0o755); err != nil {
				t.Error(err)
			}
		}
		if said += lines.Text() + "\n"; strings.Contains(lines.Text(), "d/b") {
			break
		}
	}
	_ = watch.Process.Signal(syscall.SIGINT)
	if err := watch.Wait(); err != nil || !refused.MatchString(said) {
		t.Errorf("watch (%v) does not name the setting:\n%s", err, said)
	}

	replay := exec.Command("fsrec", "replay", "--format", "none", "log.db")
	replay.Dir = dir
	out, err = replay.CombinedOutput()
	if want := "fsrec: warning: 1 path could not be watched: fsrec info lists them\n"; err != nil || string(out) != want {
		t.Errorf("replay (%v) says %q, want %q", err, out, want)
	}
}
