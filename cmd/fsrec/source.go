package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"fsrec/store"
	"fsrec/watcher/event"
)

// source is a recording that was opened for reading: a log, or the text form in
// a file or on standard input.
type source struct {
	event.Log
	name  string
	store *store.Log // nil for the text form
	bytes int64      // of the text form, 0 if not known
}

// openSource opens what a user calls LOG.
func openSource(path string) (*source, error) { return openAs(path, false) }

// openAs is openSource that with asIs lets the numbers and times of a text form be as they are written.
func openAs(path string, asIs bool) (*source, error) {
	if path == "-" {
		return readText("standard input", os.Stdin, asIs)
	}
	if f := openText(path); f != nil {
		defer f.Close()
		return readText(path, f, asIs)
	}
	log, err := store.Open(path)
	if notLog := new(store.Error); errors.As(err, &notLog) && notLog.Err == store.ErrNotLog && notLog.Msg == "" {
		return nil, fmt.Errorf("%s is not a log, nor the text form of one, which begins with %q", event.Quote(path), "fsrec-text")
	}
	if err != nil {
		return nil, logError("read", path, err)
	}
	return &source{Log: log, name: path, store: log}, nil
}

// logError words what the operating system, not the content of a log, gave as reason.
func logError(op, path string, err error) error {
	var system *fs.PathError
	var errno syscall.Errno
	if errors.As(err, &system) || errors.As(err, &errno) {
		return fmt.Errorf("cannot %s %s: %w", op, event.Quote(path), plain(err))
	}
	return err
}

func (s *source) Close() error {
	if s.store != nil {
		return s.store.Close()
	}
	return nil
}

// warn tells on standard error what a reader of the source should know.
func (s *source) warn() {
	if s.store != nil && !s.store.Info().Complete {
		complain(fmt.Errorf("warning: %s was not closed, because its recorder was killed or its disk failed: what was committed is there", event.Quote(s.name)))
	}
}

// openText opens path if it holds the text form or is a pipe, which can hold
// nothing else.
func openText(path string) *os.File {
	info, err := os.Stat(path)
	if err != nil || info.IsDir() {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	if info.Mode().IsRegular() {
		if !looksLikeText(f) {
			f.Close()
			return nil
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			f.Close()
			return nil
		}
	}
	return f
}

// textFile opens path where nothing but the text form will do, and says what path is where it is not that.
func textFile(path string) (*os.File, error) {
	if f := openText(path); f != nil {
		return f, nil
	}
	log, err := openSource(path)
	if err != nil {
		return nil, err
	}
	log.Close()
	return nil, fmt.Errorf("%s is a log already: fsrec dump writes its text form", event.Quote(path))
}

// looksLikeText reports whether the first line that is neither blank nor a
// comment begins as that of a text form does.
func looksLikeText(r io.Reader) bool {
	r, err := withoutMark(r)
	if err != nil {
		return true // it is told when it is read
	}
	lines := bufio.NewScanner(io.LimitReader(r, 64<<10))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line != "" && line[0] != '#' {
			return strings.HasPrefix(line, "fsrec-text ")
		}
	}
	return false
}

func readText(name string, r io.Reader, asIs bool) (*source, error) {
	counted := &countingReader{r: r}
	text, err := newNumbered(name, counted)
	if err != nil {
		return nil, err
	}
	text.asIs = asIs
	log, err := event.ReadAll(context.Background(), text.Header(), text)
	if err != nil {
		return nil, err
	}
	return &source{Log: log, name: name, bytes: counted.n}, nil
}

// withoutMark reads on after the byte order mark that programs of Windows put
// before UTF-8, and refuses UTF-16.
func withoutMark(r io.Reader) (io.Reader, error) {
	b := bufio.NewReader(r)
	switch mark, _ := b.Peek(3); {
	case string(mark) == "\xef\xbb\xbf":
		_, _ = b.Discard(len(mark))
	case len(mark) > 1 && string(mark[:2]) == "\xff\xfe":
		return nil, errors.New("it is UTF-16, as the > of PowerShell writes it: want UTF-8, which -o FILE writes")
	}
	return b, nil
}

type countingReader struct {
	r io.Reader
	n int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// numbered is the text form of a recording whose records follow each other, as
// those of a log do. What a person wrote or cut out is numbered anew.
type numbered struct {
	*event.TextReader
	name       string
	last       uint64
	time       int64
	renumbered uint64
	asIs       bool // neither numbered anew nor refused where time goes back
}

func newNumbered(name string, r io.Reader) (*numbered, error) {
	r, err := withoutMark(r)
	if err != nil {
		return nil, textError(name, err)
	}
	text, err := event.NewTextReader(r)
	if err != nil {
		return nil, textError(name, err)
	}
	return &numbered{TextReader: text, name: name}, nil
}

func textError(name string, err error) error {
	var syntax *event.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s %w", event.Quote(name), err)
	}
	return fmt.Errorf("%s: %w", event.Quote(name), plain(err))
}

// Read implements event.Reader.
func (t *numbered) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	to, err := t.TextReader.Read(ctx, to)
	if errors.Is(err, io.EOF) {
		return to, err
	}
	if err != nil {
		return nil, textError(t.name, err)
	}
	for i := 0; i < len(to) && !t.asIs; i++ {
		r := &to[i]
		if r.Time < 0 || r.Time < t.time {
			return nil, fmt.Errorf("%s: record %d: time goes back from %s to %s", event.Quote(t.name), r.Seq,
				event.AppendSeconds(nil, t.time), event.AppendSeconds(nil, r.Time))
		}
		t.time = r.Time
		if t.last > 0 && r.Seq != t.last+1 || r.Seq == 0 {
			r.Seq = t.last + 1
			t.renumbered++
		}
		t.last = r.Seq
	}
	return to, nil
}
