package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"fsrec/fixtures/tempdir"
)

// A recorder that is killed at any moment leaves a log that opens and holds
// exactly the first records that were written, all that were said to be committed, and
// all that were written longer ago than the flush interval.
func TestKilledRecorderLosesOnlyTheFlushInterval(t *testing.T) {
	const (
		trials = 40
		margin = 500 * time.Millisecond // for a busy machine to commit in
	)
	for i := range trials {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			life := time.Duration(rand.Int64N(int64(100 * time.Millisecond)))
			if i%8 == 0 {
				life += childFlush + margin
			}
			path := filepath.Join(tempdir.New(t), "log.db")
			cmd := child(t, "endless", path)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			printed := make(chan []string, 1)
			go func() { printed <- lines(out) }()
			<-time.After(life) // the moment of death is the input of this test, not a synchronisation
			killed := time.Now()
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			said := <-printed
			_ = cmd.Wait()

			var committed, old uint64
			for _, line := range said {
				var seq, safe uint64
				var at int64
				if n, _ := fmt.Sscan(line, &seq, &safe, &at); n < 3 {
					continue // cut off by the kill
				}
				committed = max(committed, safe)
				if time.Unix(0, at).Before(killed.Add(-childFlush - margin)) {
					old = max(old, seq)
				}
			}
			l, err := Open(path)
			if len(said) == 0 && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrEmpty)) {
				return // it had not even begun
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if l.Info().Complete {
				t.Error("the log says that it was closed")
			}
			records := readAll(t, l)
			sameRecords(t, records, numberedFrom(1, len(records)))
			if got := uint64(len(records)); got < committed || got < old {
				t.Errorf("%d records are left, but %d were committed and %d were older than the flush interval", got, committed, old)
			}
			if err := l.Verify(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}
