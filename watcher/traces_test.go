package watcher_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"fsrec/fixtures/tempdir"
	"fsrec/replayer"
	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
)

const citedTraces = "../testdata/traces/windows"

// Every cited Windows trace gives a handler the events that stand beside it,
// however it is read. testdata/traces/README.md says what the files are.
func TestTracesGiveTheirEvents(t *testing.T) {
	dir := tempdir.New(t)
	for _, name := range traceNames(t, ".txt") {
		t.Run(name, func(t *testing.T) {
			log := readTrace(t, name)
			want := wantedEvents(t, name)
			logs := []struct {
				how string
				log event.Log
			}{
				{"from memory", log},
				{"for the second time", log},
				{"record by record", &oneByOne{MemoryLog: event.NewMemoryLog(log.Header(), log.Records())}},
				{"from a log", stored(t, filepath.Join(dir, name+".db"), log)},
			}
			for _, l := range logs {
				if got := replayedEvents(t, l.log); !slices.Equal(got, want) {
					t.Errorf("read %s it gives\n\t%s\nwant\n\t%s", l.how, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
				}
			}
		})
	}
}

// A cited trace claims no more than its source: see testdata/traces/README.md.
func TestTracesAreWhatTheyPretend(t *testing.T) {
	for _, name := range traceNames(t, ".txt") {
		t.Run(name, func(t *testing.T) {
			text := traceFile(t, name+".txt")
			log := readTrace(t, name)
			if got := asText(t, log); got != withoutComments(text) {
				t.Errorf("the text form of what was read differs from the file:\n%s", got)
			}
			if lines := strings.SplitN(text, "\n", 3); len(lines) < 3 || lines[1] != "# Made from a citation: no system recorded this, and its times are made up." {
				t.Error("the second line does not say that no system recorded this")
			}
			checkCitation(t, log)
			checkRecords(t, log)
		})
	}
}

// testdata/traces/README.md names every trace, and no other, and each of its rows
// says something. ARCHITECTURE.md names traces that there are.
func TestTracesAreListed(t *testing.T) {
	texts := traceNames(t, ".txt")
	sameNames(t, "events of", traceNames(t, ".want"), texts)
	listed := tracesListed(t, "../testdata/traces/README.md", "What the sources say, row by row", 2)
	sameNames(t, "rows of the README about", listed, texts)
	for _, name := range tracesListed(t, "../ARCHITECTURE.md", "What Windows says, and what is made of it", 4) {
		if !slices.Contains(texts, name) {
			t.Errorf("ARCHITECTURE.md names %s, which is no trace", name)
		}
	}
}

// tracesListed gives the names in the last of the columns of the tables below a title of a page, sorted.
func tracesListed(t *testing.T, page, title string, columns int) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n## "+title+"\n")
	section, _, _ = strings.Cut(section, "\n## ")
	listed := make(map[string]bool)
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.TrimSuffix(strings.TrimSpace(line), " |"), " | ")
		if len(cells) != columns {
			t.Errorf("%s: %d columns, want %d: %s", page, len(cells), columns, line)
		}
		for _, m := range traceName.FindAllStringSubmatch(cells[len(cells)-1], -1) {
			listed[m[1]] = true
		}
	}
	return slices.Sorted(maps.Keys(listed))
}

func sameNames(t *testing.T, what string, got, want []string) {
	t.Helper()
	for _, name := range want {
		if !slices.Contains(got, name) {
			t.Errorf("there are no %s %s", what, name)
		}
	}
	for _, name := range got {
		if !slices.Contains(want, name) {
			t.Errorf("there are %s %s, and no such trace", what, name)
		}
	}
}

var traceName = regexp.MustCompile("`([a-z0-9]+(?:-[a-z0-9]+)*)`")

// traceNames lists the files with the extension ext, without it.
func traceNames(t *testing.T, ext string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(citedTraces, "*"+ext))
	if err != nil || len(files) == 0 {
		t.Fatalf("no traces: %v", err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ext)
	}
	slices.Sort(files)
	return files
}

// traceFile reads a file of the corpus, with line ends as git stores them.
func traceFile(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(citedTraces, file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}

func readTrace(t *testing.T, name string) *event.MemoryLog {
	t.Helper()
	log, err := event.ReadText(context.Background(), strings.NewReader(traceFile(t, name+".txt")))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line[0] != '#' {
			b.WriteString(line)
		}
	}
	return b.String()
}

func wantedEvents(t *testing.T, name string) []string {
	t.Helper()
	return strings.Split(strings.TrimSuffix(withoutComments(traceFile(t, name+".want")), "\n"), "\n")
}

func asText(t *testing.T, log *event.MemoryLog) string {
	t.Helper()
	var out bytes.Buffer
	h := log.Header()
	w, err := event.NewTextWriter(&out, &h)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(log.Records()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// oneByOne is a log that gives a record a Read.
type oneByOne struct {
	*event.MemoryLog
	next int
}

func (l *oneByOne) Read(_ context.Context, to []event.Record) ([]event.Record, error) {
	if l.next == len(l.Records()) {
		return nil, io.EOF
	}
	l.next++
	return append(to[:0], l.Records()[l.next-1]), nil
}

func (l *oneByOne) Seek(seq uint64) error {
	l.next = int(max(seq, 1)) - 1
	return nil
}

// stored writes log to path and opens what was written.
func stored(t *testing.T, path string, log *event.MemoryLog) *store.Log {
	t.Helper()
	w, err := store.Create(path, log.Header(), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Write(log.Records()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := store.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// replayedEvents gives the events of log in the form of a .want file, and checks their cookies.
func replayedEvents(t *testing.T, log event.Log) []string {
	t.Helper()
	r, err := replayer.New(log)
	if err != nil {
		t.Fatal(err)
	}
	wm := watcher.NewWatchManager(r, watcher.Adopt())
	var lines []string
	sources := make(map[uint32]string) // of the IN_MOVED_FROM that wait, by cookie
	err = watcher.NewNotifier(wm, watcher.HandlerFunc(func(ev *watcher.Event) error {
		lines = append(lines, wantLine(ev))
		if ev.HasCookie() == (ev.Cookie == 0) {
			t.Errorf("cookie %d of %s", ev.Cookie, lines[len(lines)-1])
		}
		switch {
		case ev.Mask&event.IN_MOVED_FROM != 0:
			sources[ev.Cookie] = ev.Pathname
		case ev.Mask&event.IN_MOVED_TO != 0:
			if sources[ev.Cookie] != ev.SrcPathname {
				t.Errorf("%s has the cookie of %q", lines[len(lines)-1], sources[ev.Cookie])
			}
			delete(sources, ev.Cookie)
		}
		return nil
	})).Run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := wm.Close(); err != nil {
		t.Error(err)
	}
	return lines
}

func wantLine(ev *watcher.Event) string {
	line := ev.Maskname()
	if ev.Pathname != "" {
		line += " " + ev.Pathname
	}
	if ev.SrcPathname != "" {
		line += " < " + ev.SrcPathname
	}
	if ev.Inferred {
		line += " (inferred)"
	}
	if ev.DirUnknown {
		line += " (dir unknown)"
	}
	return line
}

// notStated stands for the filter of a source that does not tell it.
const notStated = "not stated"

func checkCitation(t *testing.T, log *event.MemoryLog) {
	t.Helper()
	h := log.Header()
	c := h.Citation
	if c == nil || c.Source == "" {
		t.Fatal("no citation")
	}
	if !slices.Contains([]string{"test", "log", "specification", "code", "derived"}, c.Grade) {
		t.Errorf("grade %q", c.Grade)
	}
	if !slices.Contains([]string{"exact", "set", "pattern"}, c.Order) {
		t.Errorf("order %q", c.Order)
	}
	if c.Grade == "derived" && c.Conditions == "" {
		t.Error("it is derived and does not say from what")
	}
	if h.Platform != event.Windows || h.Backend != "rdcw" || !h.CaseFold {
		t.Errorf("platform %s, backend %s, case_fold %t", h.Platform, h.Backend, h.CaseFold)
	}
	if h.Kernel != "" && c.Conditions == "" {
		t.Errorf("kernel %q, and it does not say who says so", h.Kernel)
	}
	if h.Tool != "" || h.Wine != "" || h.FileSystem != "" || h.Command != nil || !h.Start.IsZero() {
		t.Error("the header claims that something was recorded")
	}
	var roots event.Strings
	for _, r := range log.Records() {
		if r.Kind != event.KindWatch {
			continue
		}
		roots = append(roots, r.Path)
		filter := event.Filter(r.P)
		if want := c.Filter; want != filter.String() && (want != notStated || filter == 0) {
			t.Errorf("watch %d has the filter %s, the citation %q", r.WD, filter, want)
		}
	}
	if !slices.Equal(roots, h.Roots) {
		t.Errorf("roots %q, watches of %q", h.Roots, roots)
	}
}

// checkRecords checks what every recording keeps and that each read holds the bytes of its changes.
func checkRecords(t *testing.T, log *event.MemoryLog) {
	t.Helper()
	table := event.NewTable(event.Windows)
	var read event.Record
	var size, padded, now int64
	endOfRead := func(before uint64) {
		if read.Kind != 0 && read.N != size {
			t.Errorf("read %d has %d bytes, its changes before %d take %d", read.Seq, read.N, before, size)
		}
		read, size, padded = event.Record{}, 0, 0
	}
	for i, r := range log.Records() {
		if r.Seq != uint64(i+1) || r.Time < now {
			t.Fatalf("record %d has the number %d and the time %d after %d", i+1, r.Seq, r.Time, now)
		}
		now = r.Time
		table.Apply(&r)
		if r.WD != 0 && r.Kind != event.KindUnwatch && table.Watch(r.WD) == nil {
			t.Errorf("record %d is about watch %d, which is not there", r.Seq, r.WD)
		}
		if r.Kind != event.KindChange {
			endOfRead(r.Seq)
		}
		switch r.Kind {
		case event.KindRead:
			read = r
		case event.KindChange:
			if read.WD != r.WD {
				t.Errorf("change %d is not of the read before it", r.Seq)
			}
			header, align := int64(12), int64(4)
			if r.Cookie != 0 && r.Flags&event.FlagInferred == 0 {
				header, align = 84, 8
			}
			name := r.Name
			if r.Src != "" {
				name = r.Src
			}
			size = padded + header + 2*int64(len(name))
			padded = (size + align - 1) / align * align
			checkInferred(t, &r)
		}
	}
	endOfRead(0)
}

// checkInferred: nothing was looked up that a name tells of which was gone.
func checkInferred(t *testing.T, r *event.Record) {
	t.Helper()
	gone := r.Action() == event.FILE_ACTION_REMOVED || r.Action() == event.FILE_ACTION_RENAMED_OLD_NAME
	if inferred := r.Flags&event.FlagInferred != 0; inferred && (gone || r.Attributes() == 0) {
		t.Errorf("change %d pretends to have been looked up: %s", r.Seq, fmt.Sprint(r.Action()))
	}
}
