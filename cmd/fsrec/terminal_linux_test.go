package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// screen is fsrec in the foreground of a terminal of its own.
type screen struct {
	t      *testing.T
	cmd    *exec.Cmd
	master *os.File
	shown  []byte
}

func onTerminal(t *testing.T, env []string, args ...string) *screen {
	t.Helper()
	master, slave := pty(t)
	defer slave.Close()
	s := &screen{t: t, cmd: exec.Command("fsrec", args...), master: master}
	s.cmd.Dir = t.TempDir()
	if err := os.Mkdir(filepath.Join(s.cmd.Dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	s.cmd.Env = append(append(os.Environ(), "TERM=xterm", "NO_COLOR="), env...)
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = slave, slave, slave
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timeout := time.AfterFunc(20*time.Second, func() { s.cmd.Process.Kill() })
	t.Cleanup(func() { timeout.Stop(); s.cmd.Process.Kill() })
	return s
}

// until reads the terminal up to where pattern matches what was shown.
func (s *screen) until(pattern string) {
	s.t.Helper()
	re := regexp.MustCompile(pattern)
	buf := make([]byte, 4096)
	for !re.Match(s.shown) {
		n, err := s.master.Read(buf)
		if err != nil {
			s.t.Fatalf("%q never shown: %v: %q", pattern, err, s.shown)
		}
		s.shown = append(s.shown, buf[:n]...)
	}
}

func (s *screen) typed(keys string) {
	s.t.Helper()
	if _, err := s.master.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// end reads to the end: Linux gives EIO when the last user of a terminal is gone.
func (s *screen) end() int {
	s.t.Helper()
	buf := make([]byte, 4096)
	for {
		n, err := s.master.Read(buf)
		s.shown = append(s.shown, buf[:n]...)
		if err != nil {
			break
		}
	}
	s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func TestOnATerminalARecordingShowsHowItStands(t *testing.T) {
	s := onTerminal(t, nil, "record", "d")
	s.until(`ready: 1 watch, recording to log\.db\r\n`)
	if err := os.WriteFile(filepath.Join(s.cmd.Dir, "d", "f"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.until(`\r[1-9]\d* events  .*/s  1 watch  .*B\x1b\[K`)
	s.typed("\x03")
	if code := s.end(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	// The line is taken away before the summary.
	if !regexp.MustCompile(`\r\x1b\[Kfsrec: 3 events in .* \(signal\)\r\n$`).Match(s.shown) {
		t.Errorf("%q", s.shown)
	}
}

func TestCtrlCIsTheCommandsOwn(t *testing.T) {
	s := onTerminal(t, nil, "record", "d", "--", "sh", "-c", `n=0; trap 'n=$((n+1)); echo caught $n' INT; echo up; while [ $n -lt 1 ]; do sleep 0.01; done; sleep 0.05; exit $((n+4))`)
	s.until("up\r\n")
	s.typed("\x03")
	if code := s.end(); code != 5 {
		t.Errorf("exit code %d: CMD should get one interrupt and end by itself: %q", code, s.shown)
	}
}

const hostileText = "fsrec-text 1\nheader platform \"linux\"\n1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path=\"/d\"\n" +
	"2 0.0 event wd=1 mask=IN_CREATE name=\"a\\x1b[31m\\n\\xff\\u202e\"\n3 1.0 event wd=1 mask=IN_DELETE name=\"b\"\n"

func hostile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.txt")
	if err := os.WriteFile(path, []byte(hostileText), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// other is a recording that the hostile one differs from.
func other(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.txt")
	text, _, _ := strings.Cut(hostileText, "2 0.0 ")
	if err := os.WriteFile(path, []byte(text+"2 0.0 event wd=1 mask=IN_DELETE name=\"b\"\n3 0.0 event wd=1 mask=IN_CREATE name=\"c\\x9b\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestADifferenceIsColouredAndAsWideAsTheTerminal(t *testing.T) {
	for _, width := range []int{40, 100} {
		s := onTerminal(t, []string{fmt.Sprintf("COLUMNS=%d", width)}, "diff", other(t), hostile(t))
		if code := s.end(); code != exitDiffers {
			t.Errorf("exit code %d", code)
		}
		text := strings.ReplaceAll(string(s.shown), "\r\n", "\n")
		if !strings.Contains(text, "\x1b[31m>\x1b[0m") || !strings.Contains(text, "\x1b[31m<\x1b[0m") {
			t.Errorf("no colours: %q", text)
		}
		for line := range strings.Lines(colours.ReplaceAllString(text, "")) {
			if len([]rune(line)) > width+1 {
				t.Errorf("wider than a terminal of %d columns: %q", width, line)
			}
		}
	}
}

// While two long recordings are compared, a terminal shows how far that is, and the line is gone before the result.
func TestOnATerminalAComparisonShowsHowItStands(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.txt")
	text := []byte("fsrec-text 1\nheader platform \"linux\"\n1 0.0 watch dir wd=1 mask=IN_ALL_EVENTS path=\"/d\"\n")
	for i := 2; i < 30_000; i++ {
		text = fmt.Appendf(text, "%d 0.0 event wd=1 mask=IN_CREATE name=\"f%d\"\n", i, i)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	s := onTerminal(t, nil, "diff", path, path)
	s.until(`\r59,998 records read, comparing\x1b\[K`)
	if code := s.end(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
	if !regexp.MustCompile(`comparing(, \ds)?\x1b\[K\r\x1b\[K +\x1b\[1mleft`).Match(s.shown) || regexp.MustCompile(`nothing differs.*comparing`).Match(s.shown) {
		t.Errorf("%q", s.shown)
	}
	piped := exec.Command("fsrec", "diff", path, path)
	var stderr strings.Builder
	piped.Stderr = &stderr
	if _, err := piped.Output(); err != nil || stderr.Len() > 0 {
		t.Errorf("in a pipe: %q (%v)", stderr.String(), err)
	}
}

// Words are whole, and what goes on stands below the words above it.
func TestWhatIsToldFitsTheTerminal(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.txt")
	text, _, _ := strings.Cut(hostileText, "2 0.0 ")
	text += "2 0.0 event wd=9 mask=IN_MOVED_FROM cookie=4 name=\"two  blanks and some words that are not short at all\"\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"explain", path}, {"check", path}, {"explain", "cross-directory-rename"}, {"explain"}} {
		for _, width := range []string{"60", "80"} {
			s := onTerminal(t, []string{"NO_COLOR=1", "COLUMNS=" + width}, args...)
			s.end()
			text := strings.ReplaceAll(string(s.shown), "\r\n", "\n")
			for line := range strings.Lines(text) {
				if line = strings.TrimSuffix(line, "\n"); len(line) > 60 && width == "60" && strings.Contains(strings.TrimSpace(line), " ") || len(line) > 80 {
					t.Errorf("%s: wider than %s columns: %q", args, width, line)
				}
			}
			if width == "60" && strings.HasSuffix(args[len(args)-1], ".txt") && !strings.Contains(text, "\n"+strings.Repeat(" ", 22)) {
				t.Errorf("%s: nothing goes on below: %q", args, text)
			}
		}
	}
	if piped, err := exec.Command("fsrec", "explain", path).Output(); err != nil || strings.Count(string(piped), "\n") != 2 {
		t.Errorf("for a program a record is a line: %q (%v)", piped, err)
	}
}

var colours = regexp.MustCompile(`\x1b\[\d*m`)

func TestNoNameDrivesATerminal(t *testing.T) {
	for _, args := range [][]string{
		{"replay"},
		{"replay", "--format", "json"},
		{"replay", "--format", "pyinotify"},
		{"replay", "--format", "inotifywait"},
		{"replay", "--format", "text"},
		{"replay", "--printf", "%w%f %p"},
		{"info"},
		{"dump"},
		{"explain"},
		{"explain", "--json"},
		{"check"},
		{"diff", other(t)},
		{"diff", "--all", "--format", "unified", other(t)},
		{"diff", "--format", "json", other(t)},
		{"diff", "--state", other(t)},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			s := onTerminal(t, []string{"NO_COLOR=1"}, append(args, hostile(t))...)
			if code := s.end(); code != exitDone && args[0] != "diff" || code == exitTrouble {
				t.Errorf("exit code %d", code)
			}
			text := strings.ReplaceAll(string(s.shown), "\r\n", "\n")
			if strings.ContainsFunc(text, func(r rune) bool {
				return r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e' || r == 0xfffd && args[len(args)-1] != "json"
			}) {
				t.Errorf("%q", text)
			}
			if args[0] == "replay" && !strings.Contains(text, `[31m\n`) {
				t.Errorf("the name is not in %q", text)
			}
		})
	}
}

func TestOnATerminalEventsAreColouredAsPyinotifyDoes(t *testing.T) {
	s := onTerminal(t, nil, "replay", hostile(t))
	s.end()
	if !strings.Contains(string(s.shown), "\x1b[34mwd\x1b[0m=\x1b[35m1\x1b[0m") {
		t.Errorf("no colours: %q", s.shown)
	}
	bare := onTerminal(t, []string{"NO_COLOR=1"}, "replay", hostile(t))
	bare.end()
	if got := colours.ReplaceAllString(string(s.shown), ""); got != string(bare.shown) {
		t.Errorf("without its colours it is\n%q\nwant\n%q", got, bare.shown)
	}
}

func TestAStepIsAnEnter(t *testing.T) {
	s := onTerminal(t, []string{"NO_COLOR=1"}, "replay", "--step", "--printf", "<%e>", hostile(t))
	s.until("<CREATE>")
	if strings.Contains(string(s.shown), "<DELETE>") {
		t.Error("the second event came unasked")
	}
	s.typed("\n")
	s.until("<DELETE>")
	s.typed("\n")
	if code := s.end(); code != exitDone {
		t.Errorf("exit code %d", code)
	}
}
