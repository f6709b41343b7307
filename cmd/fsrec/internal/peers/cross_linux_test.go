package peers

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fsrec/cmd/fsrec/internal/format"
)

// system is where fsrec runs in this test.
type system struct {
	name    string
	fsrec   []string // the words of the command
	program string   // what makes events
}

// TestEachSystemReplaysTheOthersRecording records the same work on both systems
// and gives each log to both.
func TestEachSystemReplaysTheOthersRecording(t *testing.T) {
	wine := wineRunner(t)
	bin := t.TempDir()
	build := func(goos, name, pkg string) string {
		path := filepath.Join(bin, name)
		cmd := exec.Command("go", "build", "-o", path, pkg)
		cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return path
	}
	systems := []system{
		{name: "linux", fsrec: []string{binary(t)}, program: build("linux", "work", "./testdata/work")},
		{name: "windows", fsrec: []string{wine, build("windows", "fsrec.exe", "fsrec/cmd/fsrec")}, program: build("windows", "work.exe", "./testdata/work")},
	}
	dir := t.TempDir() // both have it as their working directory, so that both say the same of a log
	run := func(s system, args ...string) []byte {
		t.Helper()
		cmd := exec.Command(s.fsrec[0], append(s.fsrec[1:], args...)...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "TZ=UTC")
		// Files, not pipes: Wine's services hold on to what the first program got.
		stdout, err := os.Create(filepath.Join(bin, "stdout"))
		ok(t, err)
		defer stdout.Close()
		stderr, err := os.Create(filepath.Join(bin, "stderr"))
		ok(t, err)
		defer stderr.Close()
		cmd.Stdout, cmd.Stderr = stdout, stderr
		err = cmd.Run()
		out, readErr := os.ReadFile(stdout.Name())
		ok(t, readErr)
		if err != nil {
			said, _ := os.ReadFile(stderr.Name())
			t.Fatalf("%s: fsrec %q: %v\n%s", s.name, args, err, said)
		}
		return out
	}
	for _, recorder := range systems {
		root, log := "of "+recorder.name, recorder.name+".db"
		ok(t, os.Mkdir(filepath.Join(dir, root), 0o755))
		run(recorder, "record", "-o", log, root, "--", recorder.program, root)
		text := run(systems[0], "dump", log)
		for _, sign := range []string{"\n", "MOVED_TO|RENAMED_NEW", "name=\"sp ace\"", "leaf", "after"} {
			if !containsOneOf(text, sign) {
				t.Errorf("the log of %s has no %s:\n%.2000s", recorder.name, sign, text)
			}
		}
		for _, args := range everyOutput(log) {
			here, there := run(systems[0], args...), run(systems[1], args...)
			if len(here) < 100 && args[len(args)-2] != "none" {
				t.Errorf("%q of %s gives only %q", args, recorder.name, here)
			}
			if !bytes.Equal(here, there) {
				t.Errorf("%q of %s differs: %s", args, recorder.name, firstDifference(here, there))
			}
		}
		// Each makes the same log of the same text.
		ok(t, os.WriteFile(filepath.Join(dir, recorder.name+".txt"), text, 0o644))
		for _, s := range systems {
			again := recorder.name + " by " + s.name + ".db"
			run(s, "load", recorder.name+".txt", "-o", again)
			for _, reader := range systems {
				if got := run(reader, "dump", again); !bytes.Equal(got, text) {
					t.Errorf("%q dumped by %s differs: %s", again, reader.name, firstDifference(text, got))
				}
			}
		}
	}
}

// everyOutput are the commands that print what log holds, one for each form.
func everyOutput(log string) [][]string {
	all := [][]string{
		{"dump", log},
		{"info", log},
		{"info", "--json", log},
		{"replay", "--stats", log},
		{"replay", "--printf", "%q %T %w|%f|%e|%c|%s", "--timefmt", "%F %T.%N %z", log},
		{"replay", "--format", "json", "--path", "deep/**", "-e", "create,delete,move", log},
	}
	for _, name := range format.Names() {
		all = append(all, []string{"replay", "--format", name, log})
	}
	return all
}

func containsOneOf(text []byte, words string) bool {
	for word := range strings.SplitSeq(words, "|") {
		if bytes.Contains(text, []byte(word)) {
			return true
		}
	}
	return false
}

func firstDifference(a, b []byte) string {
	from, to := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range max(len(from), len(to)) {
		switch {
		case i >= len(from) || i >= len(to):
			return "one ends before the other"
		case !bytes.Equal(from[i], to[i]):
			return "\n" + string(from[i]) + "\n" + string(to[i])
		}
	}
	return "nothing"
}

// wineRunner gives the command that runs programs of Windows here.
func wineRunner(t *testing.T) string {
	t.Helper()
	top, err := filepath.Abs("../../../..")
	ok(t, err)
	if _, err := os.Stat(filepath.Join(top, "build/wine/made")); err != nil {
		t.Skip("programs of Windows need Wine: make wine")
	}
	// Whoever ends Wine waits for those who hold this lock: see .ci/windows.
	lock, err := os.Open(filepath.Join(top, "build/wine.lock"))
	ok(t, err)
	t.Cleanup(func() { lock.Close() })
	ok(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_SH))
	// A server that outlives the programs spares each the start of Windows' services.
	server := exec.Command("wineserver", "-p3")
	server.Env = append(os.Environ(), "WINEPREFIX="+filepath.Join(top, "build/wine"))
	_ = server.Run() // fails where there is one
	return filepath.Join(top, ".ci/wine-run")
}
