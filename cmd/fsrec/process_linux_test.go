package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
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

// started is fsrec as another process.
type started struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *bufio.Reader
}

// start runs fsrec in an empty directory that has a directory d.
func start(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{t: t, cmd: exec.Command("fsrec", args...)}
	s.cmd.Dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(s.cmd.Dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errs, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdout, s.stderr = bufio.NewReader(out), bufio.NewReader(errs)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	t.Cleanup(func() { timeout.Stop(); s.cmd.Process.Kill() })
	return s
}

// until reads lines of r up to the first that begins with prefix.
func (s *started) until(r *bufio.Reader, prefix string) string {
	s.t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			s.t.Fatalf("no line begins with %q: %v", prefix, err)
		}
		if strings.HasPrefix(line, prefix) {
			return line
		}
	}
}

func (s *started) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// end waits for the exit and gives the code and what standard error had left.
func (s *started) end() (code int, stderr string) {
	s.t.Helper()
	rest, err := io.ReadAll(s.stderr)
	if err != nil {
		s.t.Fatal(err)
	}
	err = s.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return s.cmd.ProcessState.ExitCode(), string(rest)
}

func (s *started) touch(name string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.cmd.Dir, "d", name), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestARecordingWhoseDirectoryIsGoneSaysSo(t *testing.T) {
	s := start(t, "record", "d")
	s.until(s.stderr, "ready: 1 watch")
	if err := os.Remove(filepath.Join(s.cmd.Dir, "d")); err != nil {
		t.Fatal(err)
	}
	s.until(s.stderr, "fsrec: note: nothing is watched any more")
	s.signal(os.Interrupt)
	if code, stderr := s.end(); code != exitDone || !strings.Contains(stderr, "0 watches") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestASignalEndsARecordingAndLosesNothing(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			s := start(t, "record", "d")
			s.until(s.stderr, "ready: 1 watch")
			for _, name := range []string{"a", "b", "last"} {
				s.touch(name)
			}
			s.signal(sig)
			code, stderr := s.end()
			if code != exitDone || !strings.Contains(stderr, "no losses") {
				t.Errorf("exit code %d, %q", code, stderr)
			}
			log, err := openSource(filepath.Join(s.cmd.Dir, "log.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			if !log.store.Info().Complete {
				t.Error("the log is not complete")
			}
			out, err := exec.Command("fsrec", "replay", "-e", "create", "--printf", "%f", log.name).Output()
			if string(out) != "a\nb\nlast\n" {
				t.Errorf("%q (%v)", out, err)
			}
		})
	}
}

func TestASignalIsTheCommandsOwn(t *testing.T) {
	s := start(t, "record", "d", "--", "sh", "-c", `trap 'echo x >d/trapped; exit 9' TERM; echo up; while :; do sleep 0.01; done`)
	s.until(s.stdout, "up")
	s.signal(syscall.SIGTERM)
	if code, stderr := s.end(); code != 9 {
		t.Errorf("exit code %d, want that of the trap; %s", code, stderr)
	}
	out, err := exec.Command("fsrec", "replay", "-e", "create", "--printf", "%f", filepath.Join(s.cmd.Dir, "log.db")).Output()
	if string(out) != "trapped\n" {
		t.Errorf("recorded %q (%v)", out, err)
	}
}

func TestACommandThatASignalEndedGives128AndItsNumber(t *testing.T) {
	s := start(t, "record", "d", "--", "sh", "-c", "kill -9 $$")
	if code, _ := s.end(); code != 128+9 {
		t.Errorf("exit code %d", code)
	}
}

func TestAKilledRecorderLeavesWhatItHadCommitted(t *testing.T) {
	s := start(t, "record", "--flush-interval", "0.01", "d")
	s.until(s.stderr, "ready")
	path := filepath.Join(s.cmd.Dir, "log.db")
	s.touch("first")
	// Committed is what another process can see on the disk.
	for deadline := time.Now().Add(10 * time.Second); ; {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), "copy.db")
		if err := os.WriteFile(copied, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if log, err := openSource(copied); err == nil {
			n := log.store.Info().Events
			log.Close()
			if len(n) > 0 {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is ever committed")
		}
	}
	s.signal(syscall.SIGKILL)
	s.end()
	out, err := exec.Command("fsrec", "replay", "-e", "create", "--printf", "%f", path).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "first\n") || !strings.Contains(string(out), "was not closed") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestWatchPrintsAtOnceAndEndsWithSuccess(t *testing.T) {
	for _, format := range []string{"json", "text"} {
		t.Run(format, func(t *testing.T) {
			s := start(t, "watch", "--format", format, "-e", "create", "d")
			s.until(s.stderr, "ready: 1 watch")
			s.touch("now")
			for !strings.Contains(s.until(s.stdout, ""), "now") {
			}
			s.signal(syscall.SIGINT)
			if code, stderr := s.end(); code != exitDone || stderr != "" {
				t.Errorf("exit code %d, %q", code, stderr)
			}
		})
	}
}

func TestALoopEndsWithSuccessAndAReplayThatIsInterruptedDoesNot(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"replay", "--loop", "--speed", "1"}, exitDone},
		{[]string{"replay", "--speed", "0.01"}, exitTrouble},
	} {
		text := filepath.Join(t.TempDir(), "in.txt")
		content := "fsrec-text 1\nheader platform \"linux\"\n1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path=\"/d\"\n2 0.0 event wd=1 mask=IN_CREATE name=\"f\"\n3 0.01 event wd=1 mask=IN_DELETE name=\"f\"\n4 1.0 end reason=\"x\"\n"
		if err := os.WriteFile(text, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, append(c.args, text)...)
		s.until(s.stdout, "{")
		s.signal(syscall.SIGTERM)
		if code, stderr := s.end(); code != c.code {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, stderr)
		}
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

func TestWatchesThatTheKernelRefusesAreTold(t *testing.T) {
	if err := exec.Command("unshare", "-U", "-r", "sh", "-c", "echo 3 >/proc/sys/user/max_inotify_watches").Run(); err != nil {
		t.Skipf("a limit of its own needs a user namespace: %v", err)
	}
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c", "d"} {
		if err := os.MkdirAll(filepath.Join(dir, "d", name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("unshare", "-U", "-r", "sh", "-c",
		"echo 3 >/proc/sys/user/max_inotify_watches && exec fsrec record d -- sh -c 'for i in 1 2 3 4 5 6 7 8 9; do : >d/x$i; done'")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
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
	const limited = "echo 1 >/proc/sys/user/max_inotify_watches && exec "
	if err := exec.Command("unshare", "-U", "-r", "sh", "-c", limited+"true").Run(); err != nil {
		t.Skipf("a limit of its own needs a user namespace: %v", err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	fsrec := func(command string) *exec.Cmd {
		cmd := exec.Command("unshare", "-U", "-r", "sh", "-c", limited+"fsrec "+command)
		cmd.Dir = dir
		return cmd
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
