package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
	"fsrec/watcher/event"
)

// storm is what inotify delivers of n events made by two threads at full speed
// in 16 directories: create, open, modify, close_write, moved_from, moved_to,
// delete of one file after the other, in reads of up to 8000 events.
type storm struct {
	rng     *rand.Rand
	threads [2]struct {
		file, step int
		wd         int32
		cookie     uint32
	}
	cookie uint32
	seq    uint64
	time   int64
}

func newStorm() *storm {
	s := &storm{rng: rand.New(rand.NewPCG(1, 2))}
	s.threads[1].file = 500_000
	for i := range s.threads {
		s.threads[i].wd = 1 + s.rng.Int32N(16)
	}
	return s
}

// read gives one KindRead record and about n events.
func (s *storm) read(n int, to []event.Record) []event.Record {
	s.time += 2_000_000 + s.rng.Int64N(100_000)
	add := func(r event.Record) {
		s.seq++
		r.Seq, r.Time = s.seq, s.time
		to = append(to, r)
	}
	add(event.Record{Kind: event.KindRead, N: int64(n * 32), M: 262144})
	thread := 0
	for i := 0; i < n; {
		t := &s.threads[thread]
		name := fmt.Sprintf("f%06d", t.file)
		for range 1 + s.rng.IntN(12) {
			r := event.Record{Kind: event.KindEvent, WD: t.wd, Name: name}
			switch t.step {
			case 0:
				r.Mask = event.IN_CREATE
			case 1:
				r.Mask = event.IN_OPEN
			case 2:
				r.Mask = event.IN_MODIFY
			case 3:
				r.Mask = event.IN_CLOSE_WRITE
			case 4:
				s.cookie++
				t.cookie = s.cookie
				r.Mask, r.Cookie = event.IN_MOVED_FROM, t.cookie
			case 5:
				name = fmt.Sprintf("g%06d", t.file)
				r.Mask, r.Cookie, r.Name = event.IN_MOVED_TO, t.cookie, name
			case 6:
				name = fmt.Sprintf("g%06d", t.file)
				r.Mask, r.Name = event.IN_DELETE, name
			}
			add(r)
			i++
			if t.step++; t.step == 7 {
				t.step = 0
				t.file++
				t.wd = 1 + s.rng.Int32N(16)
				name = fmt.Sprintf("f%06d", t.file)
			}
		}
		thread = 1 - thread
	}
	return to
}

// stormReads gives the storm of n events in the batches in which it is read.
func stormReads(n int) [][]event.Record {
	s := newStorm()
	var reads [][]event.Record
	for total := 0; total < n; {
		r := s.read(min(8000, n-total), nil)
		total += len(r) - 1
		reads = append(reads, r)
	}
	return reads
}

func count(reads [][]event.Record) (n int) {
	for _, r := range reads {
		n += len(r)
	}
	return n
}

// benchDir is a directory on a real disk, which the default for temporary files need not be.
func benchDir(b *testing.B) string {
	if dir := os.Getenv("FSREC_BENCH_DIR"); dir != "" {
		sub, err := os.MkdirTemp(dir, "store")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { tempdir.RemoveAll(sub) })
		return sub
	}
	return tempdir.New(b)
}

// BenchmarkWrite against BenchmarkPlainAppend says what bbolt costs: both pack
// and compress the same blocks and sync as often.
func BenchmarkWrite(b *testing.B) {
	reads := stormReads(1 << 20)
	n := count(reads)
	dir := benchDir(b)
	b.ReportAllocs()
	var size, payload int64
	for i := 0; b.Loop(); i++ {
		path := filepath.Join(dir, fmt.Sprintf("log%d", i))
		w, err := Create(path, testHeader(), Options{})
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range reads {
			if err := w.Write(r); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		size = info.Size()
		if payload == 0 {
			payload = payloadOf(b, path)
		}
		os.Remove(path)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
	b.ReportMetric(float64(size)/float64(n), "B/rec")
	b.ReportMetric(float64(payload)/float64(n), "payloadB/rec")
}

func payloadOf(b *testing.B, path string) int64 {
	b.StopTimer()
	defer b.StartTimer()
	l, err := Open(path)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	var sum int64
	for seq := uint64(1); seq <= l.totals.last(); {
		h, err := l.headAt(seq)
		if err != nil {
			b.Fatal(err)
		}
		sum += int64(len(l.value))
		seq = h.last() + 1
	}
	return sum
}

// BenchmarkPlainAppend is the limit: the same blocks appended to a file by one
// goroutine, which syncs after every commitBytes as the committer does.
func BenchmarkPlainAppend(b *testing.B) {
	reads := stormReads(1 << 20)
	n := count(reads)
	dir := benchDir(b)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		path := filepath.Join(dir, fmt.Sprintf("log%d", i))
		f, err := os.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		values := make(chan []byte, 1024)
		done := make(chan error)
		go func() {
			var pending int
			var err error
			for v := range values {
				if _, e := f.Write(v); e != nil {
					err = e
				}
				if pending += len(v); pending >= commitBytes {
					pending = 0
					if e := f.Sync(); e != nil {
						err = e
					}
				}
			}
			if e := f.Sync(); e != nil {
				err = e
			}
			done <- err
		}()
		e, err := newEncoder(false)
		if err != nil {
			b.Fatal(err)
		}
		var totals totals
		for _, r := range reads {
			for i := range r {
				if e.n == 0 {
					e.reset(r[i].Seq)
				}
				e.add(&r[i])
				totals.add(&r[i])
				if e.n == 4096 {
					values <- e.seal(nil, block{key: blockKey(e.first)})
					e.n = 0
				}
			}
		}
		values <- e.seal(nil, block{key: blockKey(e.first)})
		close(values)
		if err := <-done; err != nil {
			b.Fatal(err)
		}
		f.Close()
		os.Remove(path)
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

// BenchmarkEncode packs without compressing, BenchmarkSeal with.
func BenchmarkEncode(b *testing.B) { benchmarkEncode(b, false) }

func BenchmarkSeal(b *testing.B) { benchmarkEncode(b, true) }

func benchmarkEncode(b *testing.B, seal bool) {
	reads := stormReads(1 << 17)
	n := count(reads)
	e, err := newEncoder(false)
	if err != nil {
		b.Fatal(err)
	}
	var out []byte
	var raw, packed int
	b.ReportAllocs()
	for b.Loop() {
		raw, packed = 0, 0
		for _, r := range reads {
			for i := range r {
				if e.n == 0 {
					e.reset(r[i].Seq)
				}
				e.add(&r[i])
				if e.n == 4096 {
					if seal {
						out = e.seal(out[:0], block{key: blockKey(e.first)})
						packed += len(out)
					} else {
						e.columns()
					}
					raw += len(e.raw)
					e.n = 0
				}
			}
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
	b.ReportMetric(float64(raw)/float64(n), "rawB/rec")
	b.ReportMetric(float64(packed)/float64(n), "B/rec")
}

func benchLog(b *testing.B, n int) string {
	b.Helper()
	path := filepath.Join(benchDir(b), "log.db")
	w, err := Create(path, testHeader(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	s := newStorm()
	var batch []event.Record
	for s.seq < uint64(n) {
		batch = s.read(8000, batch[:0])
		if err := w.Write(batch); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkScan(b *testing.B) {
	l, err := Open(benchLog(b, 1_000_000))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	ctx := context.Background()
	var batch []event.Record
	b.ReportAllocs()
	for b.Loop() {
		l.Seek(1)
		for {
			if batch, err = l.Read(ctx, batch); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(l.Info().Records)*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mrec/s")
}

func BenchmarkOpen(b *testing.B) {
	for _, n := range []int{1_000_000, 10_000_000} {
		path := benchLog(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				l, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				l.Close()
			}
		})
		b.Run(fmt.Sprintf("%d/verify", n), func(b *testing.B) {
			for b.Loop() {
				l, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				if err := l.Verify(context.Background()); err != nil {
					b.Fatal(err)
				}
				l.Close()
			}
		})
		l, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		info := l.Info()
		rng := rand.New(rand.NewPCG(3, 4))
		b.Run(fmt.Sprintf("%d/seek", n), func(b *testing.B) {
			var batch []event.Record
			for b.Loop() {
				seq, err := l.SeqAt(rng.Int64N(info.LastTime))
				if err != nil {
					b.Fatal(err)
				}
				l.Seek(seq)
				if batch, err = l.Read(context.Background(), batch); err != nil {
					b.Fatal(err)
				}
				if _, err := l.TableAt(seq); err != nil {
					b.Fatal(err)
				}
			}
		})
		l.Close()
	}
}

// BenchmarkTrickle is a recording of three events a flush: how large the log gets.
func BenchmarkTrickle(b *testing.B) {
	const flushes = 2000
	var size int64
	for b.Loop() {
		path := filepath.Join(benchDir(b), "log.db")
		w, err := Create(path, testHeader(), Options{FlushInterval: -1})
		if err != nil {
			b.Fatal(err)
		}
		s := newStorm()
		for range flushes {
			s.time += int64(time.Second)
			if err := w.Write(s.read(3, nil)); err != nil {
				b.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				b.Fatal(err)
			}
		}
		n := s.seq
		if err := w.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		size = info.Size()
		b.ReportMetric(float64(size)/float64(n), "B/rec")
		b.ReportMetric(float64(size), "B")
	}
}
