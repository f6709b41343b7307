package store

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"fsrec/watcher/event"
)

// Options of a Writer. The zero value is good.
type Options struct {
	// Force lets Create replace what is at the path, once the new log has been made.
	Force bool
	// FlushInterval bounds what is lost when the recorder is killed: what was
	// written longer ago is committed. Default 200 ms. Committing begins after three
	// quarters of it; the rest is for the disk. Negative: only Flush, Close and full buffers commit.
	FlushInterval time.Duration
	// BlockRecords is how many records a block holds, 4096 by default, at
	// most MaxBlockRecords.
	BlockRecords int
	// MaxPending is how many bytes may wait for the disk, 8 MiB by default,
	// which is several million events. Only when there are more does Write wait.
	MaxPending int
}

func (o *Options) defaults() error {
	if o.FlushInterval == 0 {
		o.FlushInterval = 200 * time.Millisecond
	}
	if o.BlockRecords == 0 {
		o.BlockRecords = 4096
	}
	if o.MaxPending == 0 {
		o.MaxPending = 8 << 20
	}
	if o.BlockRecords < 1 || o.BlockRecords > MaxBlockRecords {
		return fmt.Errorf("%d records a block: want 1 to %d", o.BlockRecords, MaxBlockRecords)
	}
	if o.MaxPending < 0 {
		return fmt.Errorf("%d bytes pending: want 0 for the default, or more", o.MaxPending)
	}
	return nil
}

// Writer records into a log. It is safe for concurrent use, though records
// have to come in order.
type Writer struct {
	opts   Options
	commit *committer

	mu      sync.Mutex
	block   *encoder
	changes []event.Record // of the block
	totals  totals
	flushed uint64      // records that the committer was told to commit at once
	due     *time.Timer // runs when a record waits to be committed
	timers  sync.WaitGroup
	closed  bool
	err     error // of Close
}

// Create begins a log at path. Without Options.Force nothing may be there
// (ErrExists). With it, the new log takes the place of what is there in one step, and
// only once it exists; a log that is being recorded is left alone (ErrLocked). If
// Create fails nothing was changed.
func Create(path string, h event.Header, opts Options) (*Writer, error) {
	if err := opts.defaults(); err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	block, err := newEncoder(false)
	if err != nil {
		return nil, &Error{Path: path, Err: err}
	}
	block.reset(0)
	c, err := newCommitter(path, h, opts)
	if err != nil {
		return nil, err
	}
	return &Writer{opts: opts, commit: c, block: block}, nil
}

// Write takes records: it packs them and returns, unless MaxPending bytes wait
// for the disk. The error is an *OrderError, ErrTooLarge, a *WriteError once the disk failed,
// or event.ErrClosed; the records before the refused one were taken.
func (w *Writer) Write(records []event.Record) error {
	if len(records) == 0 {
		return nil
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	defer w.arm()
	for i := range records {
		r := &records[i]
		if err := w.check(r); err != nil {
			return err
		}
		if w.block.n == 0 {
			w.block.reset(r.Seq)
		}
		w.block.add(r)
		w.totals.add(r)
		if r.IsTableChange() {
			w.totals.changes++
			w.changes = append(w.changes, *r)
		}
		if w.block.n >= w.opts.BlockRecords || w.block.text.total >= blockText {
			w.seal(true, false)
			if err := w.commit.failed(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *Writer) usable() error {
	if w.closed {
		return event.ErrClosed
	}
	return w.commit.failed()
}

func (w *Writer) check(r *event.Record) error {
	switch {
	case w.totals.records > 0 && (r.Seq != w.totals.last()+1 || r.Time < w.totals.lastTime), r.Seq == 0:
		want := uint64(1)
		if w.totals.records > 0 {
			want = w.totals.last() + 1
		}
		return &OrderError{Seq: r.Seq, Want: want, Time: r.Time, Previous: w.totals.lastTime}
	case !r.Kind.Known():
		return &Error{Path: w.commit.path, Err: fmt.Errorf("cannot hold record %d: kind %d is not known", r.Seq, r.Kind)}
	case len(r.Name)+len(r.Path)+len(r.Src) > MaxRecordText:
		return &Error{Path: w.commit.path, Err: ErrTooLarge, Msg: fmt.Sprintf("the strings of record %d have more than %d bytes", r.Seq, MaxRecordText)}
	}
	return nil
}

// arm starts the timer that bounds the loss, if something waits and it does not run.
func (w *Writer) arm() {
	if w.due != nil || w.totals.records == w.flushed || w.opts.FlushInterval < 0 {
		return
	}
	w.timers.Add(1)
	w.due = time.AfterFunc(w.opts.FlushInterval*3/4, func() {
		defer w.timers.Done()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.due = nil
		if !w.closed {
			w.seal(false, true)
		}
	})
}

// seal hands the block as it is to the committer. A block that is not full stays
// open: it is handed over again, under the same key, when there is more of it.
func (w *Writer) seal(full, flush bool) *sealed {
	s := &sealed{flush: flush, full: full}
	if w.block.n > 0 {
		s.first = w.block.first
		s.value = w.block.seal(nil, block{key: blockKey(w.block.first), ordinal: w.totals.blocks})
		s.changes = w.changes
		if !full {
			s.changes = slices.Clone(w.changes)
		}
	}
	s.totals = w.totals
	if w.block.n > 0 {
		s.totals.blocks++
	}
	if full {
		w.totals.blocks++
		w.changes = nil
		w.block.n = 0
	}
	if flush {
		w.flushed = w.totals.records
	}
	w.commit.put(s)
	return s
}

// SetHeader replaces the header, with the next commit.
func (w *Writer) SetHeader(h event.Header) error {
	encoded, err := encodeHeader(h)
	if err != nil {
		return &Error{Path: w.commit.path, Err: err}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.usable(); err != nil {
		return err
	}
	w.commit.put(&sealed{header: encoded, totals: w.totals, flush: true, headerOnly: true})
	return nil
}

// Flush returns when all that was written is committed, or with the reason
// why it cannot be.
func (w *Writer) Flush() error {
	w.mu.Lock()
	if err := w.usable(); err != nil {
		w.mu.Unlock()
		return err
	}
	s := w.seal(false, true)
	w.mu.Unlock()
	w.commit.wait(s)
	return w.commit.failed()
}

// Committed is the number of the last record that survives a kill of the
// recorder, 0 if there is none yet.
func (w *Writer) Committed() uint64 { return w.commit.last.Load() }

// Size is how many bytes the log has, with what still waits for the disk.
func (w *Writer) Size() int64 { return w.commit.used.Load() + w.commit.queued() }

// Close commits what was written, marks the log closed and gives up the file. It
// may be called again and says the same. After a *WriteError the log is left as it was
// last committed, not marked.
func (w *Writer) Close() error { return w.end(false) }

// Abort ends the recording and removes the log, unless Close came first.
func (w *Writer) Abort() error { return w.end(true) }

func (w *Writer) end(abort bool) error {
	w.mu.Lock()
	if w.closed {
		defer w.mu.Unlock()
		return w.err
	}
	w.closed = true
	if w.due != nil && w.due.Stop() {
		w.timers.Done()
	}
	if !abort {
		w.totals.closed = true
		w.seal(false, true)
	}
	w.block.zstd.Close()
	w.mu.Unlock()
	w.timers.Wait()
	err := w.commit.end(abort)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	return err
}

// blockKey is the key of the block that begins with record first.
func blockKey(first uint64) []byte {
	return []byte{byte(first >> 56), byte(first >> 48), byte(first >> 40), byte(first >> 32), byte(first >> 24), byte(first >> 16), byte(first >> 8), byte(first)}
}

// removeHalf removes a file that could not be finished; it may be gone already.
func removeHalf(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}
