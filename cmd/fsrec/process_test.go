package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
)

// started is fsrec as another process.
type started struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *bufio.Reader
}

// start runs fsrec in an empty directory that has a directory d.
func start(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{t: t, cmd: exec.Command("fsrec", args...)}
	s.cmd.Dir = tempdir.New(t)
	if err := os.Mkdir(filepath.Join(s.cmd.Dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdin = in
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

// ask makes the system ask fsrec to end.
func (s *started) ask(w way) {
	s.t.Helper()
	if err := w.ask(s.cmd.Process); err != nil {
		s.t.Fatal(err)
	}
}

// kill ends fsrec without asking.
func (s *started) kill() {
	s.t.Helper()
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Fatal(err)
	}
}

// way is one in which the system asks a program to end. The first of ways is Ctrl-C.
type way struct {
	name string
	ask  func(*os.Process) error
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

// recorded checks which names were made, by the log.
func (s *started) recorded(want string) {
	s.t.Helper()
	out, err := exec.Command("fsrec", "replay", "-e", "create", "--printf", "%f", filepath.Join(s.cmd.Dir, "log.db")).CombinedOutput()
	if string(out) != want || err != nil {
		s.t.Errorf("recorded %q (%v), want %q", out, err, want)
	}
}

func (s *started) touch(name string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.cmd.Dir, "d", name), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

func TestARecordingWhoseDirectoryIsGoneSaysSo(t *testing.T) {
	if underWine() {
		t.Skip("Wine keeps a directory that is watched until the watch ends; only a program of Unix removes it")
	}
	s := start(t, "record", "d")
	s.until(s.stderr, "ready: 1 watch")
	if err := os.Remove(filepath.Join(s.cmd.Dir, "d")); err != nil {
		t.Fatal(err)
	}
	s.until(s.stderr, "fsrec: note: nothing is watched any more")
	s.ask(ways[0])
	if code, stderr := s.end(); code != exitDone || !strings.Contains(stderr, "0 watches") {
		t.Errorf("exit code %d, %q", code, stderr)
	}
}

func TestASignalEndsARecordingAndLosesNothing(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			s := start(t, "record", "d")
			s.until(s.stderr, "ready: 1 watch")
			for _, name := range []string{"a", "b", "last"} {
				s.touch(name)
			}
			s.ask(w)
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
			s.recorded("a\nb\nlast\n")
		})
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
		copied := filepath.Join(s.cmd.Dir, "copy.db")
		if err := os.WriteFile(copied, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if log, err := openSource(copied); err == nil {
			info := log.store.Info()
			log.Close()
			if info.Delivered() > 0 {
				break
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("nothing is ever committed")
		}
	}
	s.kill()
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
			s.ask(ways[0])
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
		text := filepath.Join(tempdir.New(t), "in.txt")
		content := "fsrec-text 1\nheader platform \"linux\"\n1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path=\"/d\"\n2 0.0 event wd=1 mask=IN_CREATE name=\"f\"\n3 0.01 event wd=1 mask=IN_DELETE name=\"f\"\n4 1.0 end reason=\"x\"\n"
		if err := os.WriteFile(text, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		s := start(t, append(c.args, text)...)
		s.until(s.stdout, "{")
		s.ask(ways[1])
		if code, stderr := s.end(); code != c.code {
			t.Errorf("%q: exit code %d, want %d: %s", c.args, code, c.code, stderr)
		}
	}
}
