package term

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
)

func TestALineCannotDriveATerminal(t *testing.T) {
	for s, want := range map[string]string{
		"plain ä /x\\y": "plain ä /x\\y",
		"a\nb\x1b[31m":  `a\nb\x1b[31m`,
		"\xff\u202e":    `\xff\u202e`,
		"\ufffd":        "\ufffd",
	} {
		if got := Line(s); got != want {
			t.Errorf("Line(%q) = %s, want %s", s, got, want)
		}
	}
}

func TestThereIsNoStatusLineWithoutATerminal(t *testing.T) {
	var out bytes.Buffer
	s := NewStatus(&out)
	s.Set("busy")
	s.Printf("done: %s", "a\rb")
	s.Clear()
	if s.On() || out.String() != "done: a\\rb\n" {
		t.Errorf("%q", out.String())
	}
}

func TestTextIsCutByColumns(t *testing.T) {
	for _, tt := range []struct {
		got, want string
	}{
		{Fit("äöüäöü", 4, "…"), "äöü…"},
		{Fit("äöü", 3, "…"), "äöü"},
		{Fit("漢字漢字", 5, "…"), "漢字…"},
		{Fit("cafe\u0301", 4, "…"), "cafe\u0301"},
		{FitEnd("src/main.go", 8, "..."), "...in.go"},
		{FitEnd("漢字漢字", 6, "…"), "…漢字"},
		{Pad("漢", 4) + "|", "漢  |"},
		{strings.Join(Wrap("one two  three four", 9), "|"), "one two|three|four"},
	} {
		if tt.got != tt.want {
			t.Errorf("%q, want %q", tt.got, tt.want)
		}
	}
}

func TestColumnsAreThoseOfTheEnvironment(t *testing.T) {
	for value, want := range map[string]int{"": 80, "132": 132, "3": 80, "x": 80} {
		t.Setenv("COLUMNS", value)
		if got := Columns(&bytes.Buffer{}); got != want {
			t.Errorf("COLUMNS=%q gives %d, want %d", value, got, want)
		}
	}
}

func TestALineIsBrokenBetweenWords(t *testing.T) {
	for _, tt := range []struct {
		text          string
		width, indent int
		want          string
	}{
		{"one two three", 13, 2, "one two three"},
		{"one two three", 12, 2, "one two|  three"},
		{"one two three four", 8, 2, "one two|  three|  four"},
		{"a  b   c", 80, 2, "a  b   c"},                           // blanks of a name
		{"four words  of blanks", 12, 0, "four words |of blanks"}, // also where a line ends
		{"漢字 漢字 漢字", 9, 1, "漢字 漢字| 漢字"},                           // two columns each
		{"漢字 漢字 漢字", 8, 1, "漢字| 漢字| 漢字"},
		{"e\u0301e\u0301 e\u0301e\u0301", 5, 0, "e\u0301e\u0301 e\u0301e\u0301"}, // none for the accent
		{"a /much/longer/than/that b", 8, 2, "a|  /much/longer/than/that|  b"},
		{"", 10, 2, ""},
	} {
		if got := strings.Join(Hang(tt.text, tt.width, tt.indent), "|"); got != tt.want {
			t.Errorf("%q in %d columns is %q, want %q", tt.text, tt.width, got, tt.want)
		}
	}
}

func TestAFileIsFoundByItsHandle(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skipf("%s is not asked", runtime.GOOS)
	}
	dir := tempdir.New(t)
	name := "ä " + strings.Repeat("long", 50)
	for _, path := range []string{dir, filepath.Join(dir, name)} {
		f, err := os.Open(path)
		if path != dir {
			f, err = os.Create(path)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		got, err := os.Stat(Path(f))
		if err != nil {
			t.Fatalf("%q: %v", Path(f), err)
		}
		if want, err := f.Stat(); err != nil || !os.SameFile(got, want) || !strings.HasSuffix(Path(f), filepath.Base(path)) {
			t.Errorf("%q is not %q (%v)", Path(f), path, err)
		}
	}
	if got := Path(os.NewFile(^uintptr(0), "none")); got != "" {
		t.Errorf("no file is %q", got)
	}
}

func TestAPipeThatNobodyReadsIsGone(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r.Close()
	_, err = w.WriteString("x")
	if err == nil || Gone(err) != (runtime.GOOS == "windows") {
		t.Errorf("%v: gone is %v", err, Gone(err))
	}
	if Gone(os.ErrNotExist) || Gone(nil) {
		t.Error("everything is gone")
	}
}
