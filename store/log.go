package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime/debug"
	"sort"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"fsrec/watcher/event"
)

// Log is a recording in a file. It implements event.Log; one goroutine at a
// time may use it.
type Log struct {
	path    string
	file    *os.File
	lock    *bolt.DB
	pages   *pages
	header  event.Header
	version int
	totals  totals
	blocks  bucket
	changes bucket
	points  bucket

	next    uint64 // number of the record that Read returns next
	decoder *decoder
	value   []byte
	scratch []event.Record // of SeqAt
	closed  bool
}

// Open opens a log for reading. It never changes the file, not even its time,
// and does not wait for a recorder that is writing it: that is ErrLocked. The error is an *Error.
func Open(path string) (*Log, error) {
	l := &Log{path: path, next: 1}
	if err := l.open(); err != nil {
		l.release()
		return nil, l.wrap(err)
	}
	return l, nil
}

func (l *Log) open() error {
	var err error
	if l.file, err = os.Open(l.path); err != nil {
		return err
	}
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.IsDir() {
		return ErrDirectory
	}
	if !info.Mode().IsRegular() {
		return &damage{ErrNotLog, "it is not a regular file"}
	}
	// Once before bbolt sees the file, and again once nobody can be writing it.
	if _, err := openPages(l.file, info.Size()); err != nil {
		return err
	}
	if l.lock, err = lock(l.path, l.file); err != nil {
		return err
	}
	if info, err = l.file.Stat(); err != nil {
		return err
	}
	if l.decoder, err = newDecoder(); err != nil {
		return err
	}
	return l.load(l.file, info.Size())
}

// load reads what a log says about itself.
func (l *Log) load(file io.ReaderAt, size int64) error {
	var err error
	if l.pages, err = openPages(file, size); err != nil {
		return err
	}
	return l.readMeta()
}

// lock lets bbolt take its lock on a file whose meta pages have been checked,
// and uses bbolt for nothing else. It maps the file and looks at the meta pages once: should they have
// gone in the meantime, that is a fault, which becomes an error here.
func lock(path string, file *os.File) (db *bolt.DB, err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if fault := recover(); fault != nil {
			db, err = nil, &damage{ErrTruncated, fmt.Sprint(fault)}
		}
	}()
	db, err = bolt.Open(path, 0, &bolt.Options{
		ReadOnly: true, Timeout: lockTimeout, NoStatistics: true,
		OpenFile: func(string, int, os.FileMode) (*os.File, error) { return file, nil },
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, ErrLocked
	}
	return db, err
}

func (l *Log) readMeta() error {
	meta, ok, err := l.pages.bucket(bucketMeta)
	if err != nil {
		return err
	}
	if !ok {
		if _, some, err := l.pages.ceil(bucket{root: l.pages.boltMeta.root}, nil); err == nil && !some {
			return &damage{ErrEmpty, "its recorder was ended before it began"}
		}
		return ErrForeign
	}
	value, err := l.get(meta, keyMagic, 1<<10)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(value, []byte(magic)) {
		return ErrForeign
	}
	if err := l.checkVersion(value); err != nil {
		return err
	}
	if value, err = l.get(meta, keyHeader, maxHeaderJSON+4); err != nil {
		return err
	}
	if len(value) < 4 || binary.BigEndian.Uint32(value) != crc32.Checksum(value[4:], castagnoli) {
		return corrupt("checksum of the header does not match")
	}
	if err := json.Unmarshal(value[4:], &l.header); err != nil {
		return corrupt("header: %v", err)
	}
	for name, to := range map[string]*bucket{bucketBlocks: &l.blocks, bucketChanges: &l.changes, bucketCheckpoints: &l.points} {
		if *to, ok, err = l.pages.bucket(name); err != nil {
			return err
		}
		if !ok {
			return corrupt("bucket %s is missing", name)
		}
	}
	return l.readTotals()
}

func (l *Log) checkVersion(value []byte) error {
	rest := value[len(magic):]
	if len(rest) != 8 || binary.BigEndian.Uint32(rest[4:]) != crc32.Checksum(value[:len(magic)+4], castagnoli) {
		return corrupt("checksum of the version does not match")
	}
	version, reader := binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
	l.version = int(version)
	if reader > FormatVersion {
		return &damage{ErrNewer, fmt.Sprintf("it has version %d and needs a reader of version %d, this one reads up to %d", version, reader, FormatVersion)}
	}
	if version == 0 {
		return corrupt("format version 0")
	}
	return nil
}

func (l *Log) readTotals() error {
	state, ok, err := l.pages.bucket(bucketState)
	if err != nil {
		return err
	}
	if !ok {
		return corrupt("bucket %s is missing", bucketState)
	}
	value, err := l.get(state, keyTotals, 1<<16)
	if err != nil {
		return err
	}
	l.totals, err = parseTotals(value)
	return err
}

func (l *Log) get(b bucket, key string, most int64) ([]byte, error) {
	e, ok, err := l.pages.find(b, key)
	if err != nil {
		return nil, err
	}
	if !ok {
		if key == keyMagic {
			return nil, ErrForeign
		}
		return nil, corrupt("%s is missing", key)
	}
	return l.pages.value(&e, most, nil)
}

// wrap gives an error the path and a way out.
func (l *Log) wrap(err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	e := &Error{Path: l.path, Err: err}
	var d *damage
	if errors.As(err, &d) {
		e.Err, e.Msg = d.kind, d.msg
	}
	var system *os.PathError
	if errors.As(err, &system) {
		e.Err = system.Err
	}
	switch e.Err {
	case ErrLocked:
		e.Hint = "stop the recorder first"
	case ErrNewer:
		e.Hint = "read it with a newer fsrec"
	}
	return e
}

// Close gives up the file. It may be called again.
func (l *Log) Close() error {
	if l.closed {
		return nil
	}
	l.closed = true
	return l.release()
}

func (l *Log) release() error {
	if l.decoder != nil {
		l.decoder.close()
	}
	var err error
	if l.lock != nil {
		err = l.lock.Close() // closes the file too
	} else if l.file != nil {
		l.file.Close()
	}
	return err
}

// Header implements event.Log.
func (l *Log) Header() event.Header { return l.header }

// Info is what the log says about itself. It was counted by the recorder and
// committed with the records, so nothing is read; Verify counts again.
func (l *Log) Info() Info {
	i := l.totals.info()
	i.Size, i.FormatVersion = l.pages.size, l.version
	return i
}

// Read gives the rest of the block in which the current place is: by default
// up to 4096 records.
func (l *Log) Read(ctx context.Context, to []event.Record) ([]event.Record, error) {
	if l.closed {
		return nil, event.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l.next = max(l.next, l.totals.first)
	if l.totals.records == 0 || l.next > l.totals.last() {
		return nil, io.EOF
	}
	to, h, err := l.blockAt(l.next, to)
	if err != nil {
		return nil, l.wrap(err)
	}
	skip := int(l.next - h.first)
	l.next = h.last() + 1
	if skip > 0 {
		rest := copy(to, to[skip:])
		clear(to[rest:])
		to = to[:rest]
	}
	return to, nil
}

// blockAt decodes the block that holds record seq, which the totals say exists.
func (l *Log) blockAt(seq uint64, to []event.Record) ([]event.Record, blockHead, error) {
	key, value, err := l.valueAt(seq)
	if err != nil {
		return nil, blockHead{}, err
	}
	to, h, err := l.decoder.decode(key, value, to)
	if err == nil {
		err = l.checkPlace(h, seq)
	}
	return to, h, err
}

// headAt is blockAt without the records.
func (l *Log) headAt(seq uint64) (blockHead, error) {
	key, value, err := l.valueAt(seq)
	if err != nil {
		return blockHead{}, err
	}
	h, err := parseHead(key, value)
	if err == nil {
		err = l.checkPlace(h, seq)
	}
	return h, err
}

func (l *Log) valueAt(seq uint64) (key, value []byte, err error) {
	e, ok, err := l.pages.floor(l.blocks, blockKey(seq))
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return nil, nil, corrupt("no block holds record %d", seq)
	}
	if l.value, err = l.pages.value(&e, maxRaw+headSize, l.value); err != nil {
		return nil, nil, err
	}
	return e.key, l.value, nil
}

func (l *Log) checkPlace(h blockHead, seq uint64) error {
	if h.first < l.totals.first || h.last() < seq || h.last() > l.totals.last() {
		return corrupt("records %d to %d stand where record %d of %d to %d belongs", h.first, h.last(), seq, l.totals.first, l.totals.last())
	}
	return nil
}

// Seek implements event.Log.
func (l *Log) Seek(seq uint64) error {
	if l.closed {
		return event.ErrClosed
	}
	l.next = seq
	return nil
}

// SeqAt implements event.Log.
func (l *Log) SeqAt(t int64) (uint64, error) {
	if l.closed {
		return 0, event.ErrClosed
	}
	if l.totals.records == 0 {
		return 1, nil
	}
	low, high := l.totals.first, l.totals.last()+1
	for low < high {
		h, err := l.headAt(low + (high-low)/2)
		if err != nil {
			return 0, l.wrap(err)
		}
		switch {
		case h.lastTime < t:
			low = h.last() + 1
		case h.firstTime >= t:
			high = h.first
		default:
			records, _, err := l.blockAt(h.first, l.scratch)
			if err != nil {
				return 0, l.wrap(err)
			}
			l.scratch = records
			i := sort.Search(len(records), func(i int) bool { return records[i].Time >= t })
			return h.first + uint64(i), nil
		}
	}
	return low, nil
}
