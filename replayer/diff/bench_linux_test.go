package diff_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"fsrec/replayer/diff"
	"fsrec/store"
	"fsrec/watcher/event"
)

// write makes a log, and the text that a sequence diff would compare: events without their times.
func write(b testing.TB, dir, name string, all []one) (log, text string) {
	b.Helper()
	log, text = filepath.Join(dir, name+".db"), filepath.Join(dir, name+".txt")
	w, err := store.Create(log, stormHeader, store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	if err := w.Write(records(all)); err != nil {
		b.Fatal(err)
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	var lines []byte
	for _, e := range all {
		lines = fmt.Appendf(lines, "%s /w/d%d/%s\n", e.r.Mask, e.r.WD-1, e.r.Name)
	}
	if err := os.WriteFile(text, lines, 0o644); err != nil {
		b.Fatal(err)
	}
	return log, text
}

func compareLogs(b testing.TB, left, right string, o diff.Options) *diff.Result {
	b.Helper()
	var in [2]diff.Input
	for i, path := range []string{left, right} {
		l, err := store.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		in[i] = diff.Input{Name: path, Header: l.Header(), Reader: l}
	}
	r, err := diff.Compare(context.Background(), in[0], in[1], o)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// BenchmarkAgainstGNUDiff compares two logs and, in the same run, their texts with diff(1).
func BenchmarkAgainstGNUDiff(b *testing.B) {
	gnu, err := exec.LookPath("diff")
	if err != nil {
		b.Skip("SKIPPED: no diff(1)")
	}
	for _, events := range []int{100_000, 1_000_000} {
		distinct, repetitive := storm(events, 4, true), storm(events, 4, false)
		for _, tt := range []struct {
			name        string
			left, right []one
		}{
			{"distinct", distinct, change(distinct, 1)},
			{"repetitive", repetitive, change(repetitive, 1)},
			{"interleaved", distinct, interleave(distinct, 1)},
			{"interleaved, repetitive", repetitive, interleave(repetitive, 1)},
			{"interleaved and changed", distinct, change(interleave(distinct, 1), 1)},
			{"one path", appending(events), change(appending(events), 1)},
			{"nothing in common", distinct, renamed(distinct)},
		} {
			b.Run(fmt.Sprintf("%s/%d", tt.name, events), func(b *testing.B) {
				leftLog, leftText := write(b, b.TempDir(), "left", tt.left)
				rightLog, rightText := write(b, b.TempDir(), "right", tt.right)
				var ours, theirs, ourCPU, theirCPU []time.Duration
				differences := 0
				for b.Loop() {
					start, cpu := time.Now(), used(b)
					differences = len(compareLogs(b, leftLog, rightLog, diff.Options{}).Differences)
					ours, ourCPU = append(ours, time.Since(start)), append(ourCPU, used(b)-cpu)
					start = time.Now()
					cmd := exec.Command(gnu, leftText, rightText)
					_ = cmd.Run() // 1 where they differ
					theirs = append(theirs, time.Since(start))
					theirCPU = append(theirCPU, cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime())
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(median(ours).Seconds(), "s/diff")
				b.ReportMetric(median(theirs).Seconds(), "s/GNU")
				b.ReportMetric(median(ours).Seconds()/median(theirs).Seconds(), "ratio")
				b.ReportMetric(median(ourCPU).Seconds(), "CPU-s/diff")
				b.ReportMetric(median(theirCPU).Seconds(), "CPU-s/GNU")
				b.ReportMetric(float64(differences), "differences")
			})
		}
	}
}

func median(all []time.Duration) time.Duration {
	slices.Sort(all)
	return all[len(all)/2]
}

// used is the processor time of this process so far.
func used(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// appending gives the events of a file that is written to for ever.
func appending(events int) []one {
	all := make([]one, events)
	for i := range all {
		mask := []event.Mask{event.IN_OPEN, event.IN_MODIFY, event.IN_ATTRIB, event.IN_CLOSE_WRITE}[i%4]
		all[i] = one{r: event.Record{Kind: event.KindEvent, WD: 1, Mask: mask, Name: "log"}}
	}
	return all
}

// renamed gives the same events of other files.
func renamed(all []one) []one {
	out := make([]one, len(all))
	for i, e := range all {
		e.r.Name = "other-" + e.r.Name
		out[i] = e
	}
	return out
}
