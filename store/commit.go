package store

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"fsrec/watcher/event"
)

const (
	// commitBytes is how much makes a transaction before its time is due.
	commitBytes = 1 << 20
	// lockTimeout is how long a lock is waited for: a recorder that is just closing.
	lockTimeout = 100 * time.Millisecond
)

// sealed is a block on its way to the disk.
type sealed struct {
	first      uint64 // its key, 0 where there is no block
	value      []byte
	changes    []event.Record // all of the block
	full       bool           // it will not come again
	totals     totals         // with this block
	header     []byte         // to be replaced, nil for no
	headerOnly bool
	flush      bool          // commit now
	done       chan struct{} // closed when it was committed, or cannot be
}

// committer is the one goroutine that owns bbolt.
type committer struct {
	path   string
	db     *bolt.DB
	locked *os.File // bbolt's handle of the file
	file   *os.File // another, to cut the file to its size at the end
	broken bool     // bbolt panicked

	mu      sync.Mutex
	changed sync.Cond
	queue   []*sealed
	bytes   int // in queue
	max     int
	due     bool // something in queue wants to be committed
	ending  bool
	joined  chan struct{}

	last  atomic.Uint64
	used  atomic.Int64
	fault atomic.Pointer[WriteError]
	safe  uint64
	table changesWriter
}

func encodeHeader(h event.Header) ([]byte, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	if len(b) > maxHeaderJSON {
		return nil, fmt.Errorf("header of %d bytes: at most %d", len(b), maxHeaderJSON)
	}
	return append(binary.BigEndian.AppendUint32(nil, crc32.Checksum(b, castagnoli)), b...), nil
}

func newCommitter(path string, h event.Header, opts Options) (*committer, error) {
	fail := func(err error) (*committer, error) {
		var own *Error
		if errors.As(err, &own) {
			return nil, err
		}
		return nil, &Error{Path: path, Err: err}
	}
	header, err := encodeHeader(h)
	if err != nil {
		return fail(err)
	}
	changes, err := newChangesWriter(h.Platform)
	if err != nil {
		return fail(err)
	}
	c := &committer{path: path, max: opts.MaxPending, joined: make(chan struct{}), table: changes}
	c.changed.L = &c.mu
	if err := c.create(header, opts.Force); err != nil {
		return fail(err)
	}
	go c.run()
	return c, nil
}

// create makes the file. The path never shows a log that has no header, but for the
// moment between making the file and the first commit where there was none before.
func (c *committer) create(header []byte, force bool) error {
	target := c.path
	if info, err := os.Lstat(c.path); err == nil {
		if resolved, err := filepath.EvalSymlinks(c.path); err == nil {
			target = resolved
			if info, err = os.Stat(resolved); err != nil {
				return err
			}
		}
		switch {
		case info.IsDir():
			return &Error{Path: c.path, Err: ErrDirectory, Hint: "name a file"}
		case !force:
			return &Error{Path: c.path, Err: ErrExists, Hint: "choose another name, or overwrite it by force"}
		case !info.Mode().IsRegular():
			return &Error{Path: c.path, Err: ErrNotLog, Msg: "it is not a regular file"}
		}
		if log, err := Open(target); err == nil {
			log.Close()
		} else if errors.Is(err, ErrLocked) {
			return &Error{Path: c.path, Err: ErrLocked, Hint: "stop the recorder first"}
		}
		return c.replace(target, header)
	}
	if err := c.open(target, os.O_CREATE|os.O_EXCL); err != nil {
		if errors.Is(err, os.ErrExist) {
			return &Error{Path: c.path, Err: ErrExists, Hint: "choose another name, or overwrite it by force"}
		}
		return err
	}
	if err := c.begin(header); err != nil {
		c.giveUp()
		return errors.Join(err, removeHalf(target))
	}
	syncDirectory(target)
	return nil
}

// replace makes the log under another name and moves it over target.
func (c *committer) replace(target string, header []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return err
	}
	name := temp.Name()
	if info, err := os.Stat(target); err == nil {
		temp.Chmod(info.Mode().Perm())
	}
	temp.Close()
	if err := c.open(name, 0); err != nil {
		return errors.Join(err, removeHalf(name))
	}
	err = c.begin(header)
	// Windows does not rename an open file; elsewhere the lock is never given up.
	reopen := runtime.GOOS == "windows"
	if err != nil || reopen {
		err = errors.Join(err, c.giveUp())
	}
	if err == nil {
		if err = os.Rename(name, target); err != nil && !reopen {
			c.giveUp()
		}
		err = c.notReplaced(err)
	}
	if err != nil {
		return errors.Join(err, removeHalf(name))
	}
	syncDirectory(target)
	if reopen {
		return c.open(target, 0)
	}
	return nil
}

// notReplaced says why the new log could not take the place of the old one.
func (c *committer) notReplaced(err error) error {
	var system *os.LinkError
	if !errors.As(err, &system) {
		return err
	}
	e := &Error{Path: c.path, Err: fmt.Errorf("cannot be replaced: %w", system.Err)}
	if runtime.GOOS == "windows" {
		e.Hint = "close the program that has it open, or choose another name"
	}
	return e
}

// open opens the database and locks it.
func (c *committer) open(name string, flags int) error {
	var opened *os.File
	db, err := bolt.Open(name, 0o644, &bolt.Options{
		Timeout: lockTimeout, PageSize: pageSize, FreelistType: bolt.FreelistArrayType, NoStatistics: true,
		OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
			flag |= flags
			if flags == 0 {
				flag &^= os.O_CREATE
			}
			var err error
			opened, err = os.OpenFile(name, flag, mode)
			return opened, err
		},
	})
	if err != nil {
		if opened != nil && flags&os.O_EXCL != 0 {
			err = errors.Join(err, removeHalf(name))
		}
		if errors.Is(err, bolterrors.ErrTimeout) {
			return &Error{Path: c.path, Err: ErrLocked, Hint: "stop the recorder first"}
		}
		return err
	}
	file, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		db.Close()
		return err
	}
	c.db, c.file, c.locked = db, file, opened
	return nil
}

// closeDatabase gives up the lock. A bbolt that panicked holds its own mutexes
// for ever: then only the descriptor is closed, and with it the lock of the file.
func (c *committer) closeDatabase() error {
	if c.broken {
		return c.locked.Close()
	}
	return c.db.Close()
}

func (c *committer) giveUp() error { return errors.Join(c.closeDatabase(), c.file.Close()) }

// begin writes what a log has from its first moment on.
func (c *committer) begin(header []byte) error {
	c.grow()
	return c.update(func(tx *bolt.Tx) error {
		for _, name := range []string{bucketBlocks, bucketChanges, bucketCheckpoints, bucketState} {
			if _, err := tx.CreateBucket([]byte(name)); err != nil {
				return err
			}
		}
		meta, err := tx.CreateBucket([]byte(bucketMeta))
		if err != nil {
			return err
		}
		if err := meta.Put([]byte(keyMagic), magicValue(FormatVersion, MinReader)); err != nil {
			return err
		}
		if err := meta.Put([]byte(keyHeader), header); err != nil {
			return err
		}
		var none totals
		return tx.Bucket([]byte(bucketState)).Put([]byte(keyTotals), none.append(nil))
	})
}

func magicValue(version, reader uint16) []byte {
	b := binary.BigEndian.AppendUint16([]byte(magic), version)
	b = binary.BigEndian.AppendUint16(b, reader)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// update runs one transaction. bbolt reads its own pages through a map: an
// error of the disk, or a file that someone cut off, is a fault there, which becomes an error here.
func (c *committer) update(change func(*bolt.Tx) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			c.broken = true
			err = fmt.Errorf("the file cannot be read back: %v", fault)
		}
	}()
	tx, err := c.db.Begin(true)
	if err != nil {
		return err
	}
	if err := change(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	c.grow()
	return nil
}

// grow says by how much the file grows next: bbolt would double it up to 16
// MiB, so that a small log were mostly holes, and every growth costs a sync.
func (c *committer) grow() {
	_ = c.db.View(func(tx *bolt.Tx) error {
		c.used.Store(tx.Size())
		return nil
	})
	c.db.AllocSize = int(min(max(c.used.Load()/4, 16<<10), 1<<20)) &^ (pageSize - 1)
}

// put queues s; it waits while too much is queued.
func (c *committer) put(s *sealed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.bytes > c.max && c.fault.Load() == nil {
		c.due = true
		c.changed.Broadcast()
		c.changed.Wait()
	}
	if s.flush {
		s.done = make(chan struct{})
		c.due = true
	}
	c.queue = append(c.queue, s)
	c.bytes += len(s.value)
	if c.bytes >= commitBytes {
		c.due = true
	}
	if c.due {
		c.changed.Broadcast()
	}
}

func (c *committer) queued() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return int64(c.bytes)
}

func (c *committer) wait(s *sealed) { <-s.done }

// failed gives the sticky error of the disk.
func (c *committer) failed() error {
	if e := c.fault.Load(); e != nil {
		return e
	}
	return nil
}

func (c *committer) run() {
	defer close(c.joined)
	for {
		c.mu.Lock()
		for !c.due && !c.ending {
			c.changed.Wait()
		}
		batch, ending := c.queue, c.ending
		c.queue, c.due = nil, false
		c.mu.Unlock()
		if c.fault.Load() == nil && len(batch) > 0 {
			if err := c.commit(batch); err != nil {
				c.fault.Store(&WriteError{Path: c.path, Last: c.last.Load(), Safe: c.safe, Err: err})
			}
		}
		bytes := 0
		for _, s := range batch {
			bytes += len(s.value)
			if s.done != nil {
				close(s.done)
			}
		}
		c.mu.Lock()
		c.bytes -= bytes
		c.changed.Broadcast()
		c.mu.Unlock()
		if ending && len(batch) == 0 {
			return
		}
	}
}

// commit writes a batch in one transaction.
func (c *committer) commit(batch []*sealed) error {
	var now totals
	err := c.update(func(tx *bolt.Tx) error {
		blocks := tx.Bucket([]byte(bucketBlocks))
		blocks.FillPercent = 1
		for i, s := range batch {
			if s.header != nil {
				if err := tx.Bucket([]byte(bucketMeta)).Put([]byte(keyHeader), s.header); err != nil {
					return err
				}
			}
			if s.headerOnly {
				continue
			}
			now = s.totals
			if s.first == 0 {
				continue
			}
			if i+1 < len(batch) && batch[i+1].first == s.first {
				continue // the same block, with more in it
			}
			if err := blocks.Put(blockKey(s.first), s.value); err != nil {
				return err
			}
			if err := c.table.put(tx, s); err != nil {
				return err
			}
		}
		if now.records == 0 && !now.closed {
			return nil
		}
		return tx.Bucket([]byte(bucketState)).Put([]byte(keyTotals), now.append(nil))
	})
	if err != nil {
		return err
	}
	if now.records > 0 {
		c.safe = now.records
		c.last.Store(now.last())
	}
	return nil
}

// end joins the goroutine and gives up the file.
func (c *committer) end(abort bool) error {
	c.mu.Lock()
	c.ending = true
	c.changed.Broadcast()
	c.mu.Unlock()
	<-c.joined
	c.table.close()
	failed := c.failed()
	size := c.used.Load()
	err := c.closeDatabase()
	if !abort && failed == nil && err == nil {
		// What bbolt allocated ahead. The log is valid with it, so an error does not matter.
		_ = c.file.Truncate(size)
	}
	err = errors.Join(err, c.file.Close())
	if abort {
		err = errors.Join(err, removeHalf(c.path))
	}
	if failed != nil {
		return failed
	}
	if err != nil {
		return &Error{Path: c.path, Err: err}
	}
	return nil
}

// syncDirectory makes the name of a new file safe where the system can do that.
func syncDirectory(path string) {
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}
