package peers

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fsrec/cmd/fsrec/internal/tree"
	"fsrec/recorder"
	"fsrec/replayer"
	"fsrec/store"
	"fsrec/watcher"
	"fsrec/watcher/event"
	"fsrec/watcher/live"
)

// patience bounds every wait. Nothing is expected to take that long.
const patience = 60 * time.Second

// seen is what one event says, paths relative to the watched root.
type seen struct {
	mask      event.Mask
	path, src string
	dir       bool
	synthetic bool // not sent by the kernel; fsrec alone says so
}

func (s seen) String() string {
	text := fmt.Sprintf("%s %q", s.mask, s.path)
	if s.src != "" {
		text += fmt.Sprintf(" from %q", s.src)
	}
	return text
}

// barrier is the name of the n-th file whose appearance in the output of a
// peer says that all before it has been processed.
func barrier(n int) string { return fmt.Sprintf(".sync-%d-", n) }

func isBarrier(path string) bool { return strings.HasPrefix(path, ".sync-") }

// peer is another program that watches and prints.
type peer struct {
	t     *testing.T
	root  string
	parse func(line string) (seen, bool)
	cmd   *exec.Cmd
	syncs int

	mu     sync.Mutex
	grown  *sync.Cond
	lines  []string // of its standard output
	errors []string // of its standard error
	ended  bool
}

func start(t *testing.T, root string, end byte, parse func(string) (seen, bool), name string, args ...string) *peer {
	t.Helper()
	p := &peer{t: t, root: root, parse: parse, cmd: exec.Command(name, args...)}
	p.grown = sync.NewCond(&p.mu)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	diagnostics, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { p.read(out, end, &p.lines) })
	reading.Go(func() { p.read(diagnostics, '\n', &p.errors) })
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		reading.Wait()
		_ = p.cmd.Wait()
	})
	return p
}

func (p *peer) read(from io.Reader, end byte, to *[]string) {
	r := bufio.NewReader(from)
	for {
		line, err := r.ReadString(end)
		p.mu.Lock()
		if err == nil {
			*to = append(*to, strings.TrimSuffix(line, string(end)))
		} else {
			p.ended = true
		}
		p.grown.Broadcast()
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// wait returns when a line of output has every one of the words.
func (p *peer) wait(words ...string) {
	p.t.Helper()
	timer := time.AfterFunc(patience, func() {
		p.mu.Lock()
		p.ended = true
		p.mu.Unlock()
		p.grown.Broadcast()
	})
	defer timer.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	hasAll := func(line string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
	}
	for ; ; p.grown.Wait() {
		if slices.ContainsFunc(p.lines, hasAll) || slices.ContainsFunc(p.errors, hasAll) {
			return
		}
		if p.ended {
			p.t.Fatalf("%s never said %q; its last words: %q, its errors: %q", p.cmd.Args, words, p.lines[max(0, len(p.lines)-5):], p.errors)
		}
	}
}

func (p *peer) sync() {
	p.t.Helper()
	touch(p.t, filepath.Join(p.root, barrier(p.syncs)))
	p.await()
}

// await waits for the next barrier, which somebody else has made.
func (p *peer) await() {
	p.t.Helper()
	p.wait(barrier(p.syncs), p.lastOfBarrier())
	p.syncs++
}

// lastOfBarrier is how the peer writes the last event of a barrier.
func (p *peer) lastOfBarrier() string {
	if strings.Contains(p.cmd.Path, "inotifywait") {
		return "CLOSE_WRITE"
	}
	if slices.Contains(p.cmd.Args, "pyinotify") {
		return "IN_CLOSE_WRITE"
	}
	return fmt.Sprintf(`"mask": %d,`, event.IN_CLOSE_WRITE)
}

func (p *peer) stop() []seen {
	p.t.Helper()
	var all []seen
	for _, line := range p.output() {
		if s, ok := p.parse(line); ok {
			s.path, s.src = below(p.root, s.path), below(p.root, s.src)
			if !isBarrier(s.path) {
				all = append(all, s)
			}
		}
	}
	return all
}

// output is what it has printed.
func (p *peer) output() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

func below(root, path string) string {
	if rest, ok := event.Linux.Below(root, path); ok {
		return rest
	}
	return path
}

// python finds an interpreter that has pyinotify: Debian's own, or the first in PATH.
func python(t *testing.T) string {
	for _, name := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(name, "-c", "import pyinotify").Run() == nil {
			return name
		}
	}
	t.Skip("pyinotify is not installed (Debian: python3-pyinotify)")
	return ""
}

func pyinotify(t *testing.T, root string) *peer {
	p := start(t, root, '\n', parsePyinotify, python(t), "testdata/events.py", root)
	p.wait("ready")
	return p
}

func parsePyinotify(line string) (seen, bool) {
	var e struct {
		Mask     uint32
		Pathname string
		Src      string `json:"src_pathname"`
		Dir      bool
	}
	if json.Unmarshal([]byte(line), &e) != nil {
		return seen{}, false
	}
	return seen{mask: event.Mask(e.Mask), path: e.Pathname, src: e.Src, dir: e.Dir}, true
}

func inotifywaitPath(t *testing.T) string {
	path, err := exec.LookPath("inotifywait")
	if err != nil {
		t.Skip("inotifywait is not installed (Debian: inotify-tools)")
	}
	return path
}

func inotifywait(t *testing.T, root string) *peer {
	p := start(t, root, 0, parseInotifywait, inotifywaitPath(t), "-m", "-r", "--no-newline", "--format", "%e %w%f%0", root)
	p.wait("Watches established")
	return p
}

func parseInotifywait(record string) (seen, bool) {
	names, path, found := strings.Cut(record, " ")
	mask, err := event.ParseMask(names)
	if !found || err != nil {
		return seen{}, false
	}
	// It prints CLOSE beside the event that was a close, and a "/" after every directory it watches.
	if mask&event.IN_CLOSE == event.IN_CLOSE {
		mask &^= event.IN_CLOSE
		if strings.HasPrefix(names, "CLOSE_WRITE") {
			mask |= event.IN_CLOSE_WRITE
		} else {
			mask |= event.IN_CLOSE_NOWRITE
		}
	}
	return seen{mask: mask, path: strings.TrimSuffix(path, "/")}, true
}

// recording is fsrec at work in this process, into a log.
type recording struct {
	t       *testing.T
	root    string
	path    string
	syncs   int
	backend live.Backend
	rec     *recorder.Recorder
	closed  chan string // names of files that were written and closed
	ended   chan error
}

// sink is a log that tells which barriers have come through it.
type sink struct {
	*store.Writer
	closed chan<- string
}

func (s sink) Write(records []event.Record) error {
	err := s.Writer.Write(records)
	for i := range records {
		if r := &records[i]; r.Mask == event.IN_CLOSE_WRITE && isBarrier(r.Name) {
			s.closed <- r.Name
		}
	}
	return err
}

func record(t *testing.T, root string) *recording {
	t.Helper()
	r := &recording{t: t, root: root, path: filepath.Join(t.TempDir(), "log.db"), closed: make(chan string, 1000), ended: make(chan error, 1)}
	var err error
	r.backend, err = live.New(live.Options{})
	ok(t, err)
	t.Cleanup(func() { _ = r.backend.Close() })
	log, err := store.Create(r.path, r.backend.Header(), store.Options{})
	ok(t, err)
	r.rec = recorder.New(r.backend, sink{log, r.closed}, recorder.Options{Size: log.Size})
	results, err := r.backend.Add(event.WatchRequest{Path: root, Mask: event.IN_ALL_EVENTS, Recursive: true, AutoAdd: true, Snapshot: true})
	ok(t, err)
	for _, result := range results {
		ok(t, result.Err)
	}
	go func() {
		_, err := r.rec.Run(context.Background())
		if closing := log.Close(); err == nil {
			err = closing
		}
		r.ended <- err
	}()
	return r
}

func (r *recording) sync() {
	r.t.Helper()
	touch(r.t, filepath.Join(r.root, barrier(r.syncs)))
	select {
	case name := <-r.closed:
		if name != barrier(r.syncs) {
			r.t.Fatalf("%q came through before %q", name, barrier(r.syncs))
		}
	case <-time.After(patience):
		r.t.Fatal("fsrec never recorded a file that was written")
	}
	r.syncs++
}

func (r *recording) stop() []seen {
	r.t.Helper()
	r.rec.Stop("done")
	ok(r.t, <-r.ended)
	ok(r.t, r.backend.Close())
	return events(r.t, r.path, r.root)
}

// events is what a handler is given when a log is replayed.
func events(t *testing.T, log, root string) []seen {
	t.Helper()
	var all []seen
	replay(t, log, watcher.HandlerFunc(func(ev *watcher.Event) error {
		s := seen{ev.Mask, strings.Clone(below(root, ev.Pathname)), strings.Clone(below(root, ev.SrcPathname)), ev.Dir, ev.Synthetic}
		if !isBarrier(s.path) {
			all = append(all, s)
		}
		return nil
	}))
	return all
}

func replay(t *testing.T, path string, h watcher.Handler) {
	t.Helper()
	log, err := store.Open(path)
	ok(t, err)
	defer func() { ok(t, log.Close()) }()
	r, err := replayer.New(log)
	ok(t, err)
	wm := watcher.NewWatchManager(r, watcher.Adopt())
	defer func() { ok(t, wm.Close()) }()
	ok(t, watcher.NewNotifier(wm, h).Run(context.Background()))
}

func eachRecord(log event.Log, f func(*event.Record)) error {
	var batch []event.Record
	for {
		var err error
		batch, err = log.Read(context.Background(), batch)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range batch {
			f(&batch[i])
		}
	}
}

// finalTree is the tree that a log ends in, without barriers, relative to root.
func finalTree(t *testing.T, path, root string) (paths, contradictions []string) {
	t.Helper()
	log, err := store.Open(path)
	ok(t, err)
	defer func() { ok(t, log.Close()) }()
	at, err := tree.At(context.Background(), log)
	ok(t, err)
	return relative(root, at.Paths()), at.Contradictions
}

func realTree(t *testing.T, root string) []string {
	t.Helper()
	paths, err := tree.Real(root)
	ok(t, err)
	return relative(root, paths)
}

func relative(root string, paths []string) []string {
	var rest []string
	for _, p := range paths {
		if p = below(root, p); !isBarrier(p) {
			rest = append(rest, p)
		}
	}
	return rest
}

// fsrec runs the real command and gives what it printed.
func fsrec(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(binary(t), args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("fsrec %q: %v\n%s", args, err, said.Bytes())
	}
	return out
}

var built = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fsrec-peers")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "fsrec")
	if out, err := exec.Command("go", "build", "-o", path, "fsrec/cmd/fsrec").CombinedOutput(); err != nil {
		return dir, fmt.Errorf("%w\n%s", err, out)
	}
	return path, nil
})

func binary(t *testing.T) string {
	t.Helper()
	path, err := built()
	ok(t, err)
	return path
}

func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "storm" {
		goroutines, err := strconv.Atoi(os.Args[3])
		if err == nil {
			err = stormAt(os.Args[2]).Run(goroutines)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	status := m.Run()
	if path, err := built(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(status)
}

func touch(t *testing.T, path string) {
	t.Helper()
	ok(t, os.WriteFile(path, nil, 0o644))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// watches returns when the peer, which does not say when it is ready, has
// placed n watches.
func (p *peer) watches(n int) {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for time.Now().Before(deadline) {
		infos, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fdinfo/*", p.cmd.Process.Pid))
		for _, info := range infos {
			if b, err := os.ReadFile(info); err == nil && bytes.Count(b, []byte("inotify wd:")) >= n {
				return
			}
		}
		runtime.Gosched()
	}
	p.t.Fatalf("%s did not place %d watches", p.cmd.Args, n)
}
