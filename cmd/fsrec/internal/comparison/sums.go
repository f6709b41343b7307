package comparison

import (
	"slices"
	"strings"

	"github.com/dustin/go-humanize"

	"fsrec/replayer/diff"
)

// sum is a number of events of each side.
type sum struct {
	key     string
	verdict diff.Verdict // of events that were compared
	n       [2]int64
	more    [2]string // behind the number
}

func (s *sum) text(side int) string { return humanize.Comma(s.n[side]) + s.more[side] }

// sums are all events of both sides, and then what became of them, which adds up. What
// neither side has is left out, but for the verdicts.
func (p *printer) sums() []sum {
	sums := []sum{p.sum("events", func(s *diff.SideInfo) int64 { return s.Told })}
	for i := range sides {
		sums[0].more[i] = ", in " + counted(p.info(i).Records, "record")
	}
	some := func(s sum, text func(n int64) string) {
		if s.n == [2]int64{} {
			return
		}
		for i, n := range s.n {
			if n > 0 {
				s.more[i] += text(n)
			}
		}
		sums = append(sums, s)
	}
	some(p.sum("overflows", func(s *diff.SideInfo) int64 { return s.Overflows }), func(int64) string { return "" })
	sums = append(sums, p.asides()...)
	some(p.sum("folded", func(s *diff.SideInfo) int64 { return s.Folded }), func(int64) string { return " MODIFY into the one before" })
	some(p.sum("joined", func(s *diff.SideInfo) int64 { return s.Joined }), func(n int64) string {
		return map[bool]string{true: " rename", false: " renames"}[n == 1] + " of 2 events"
	})
	for _, v := range []struct {
		verdict diff.Verdict
		n       func(*diff.SideInfo) int64
	}{
		{diff.Same, func(s *diff.SideInfo) int64 { return s.Counts.Same }},
		{diff.Explained, func(s *diff.SideInfo) int64 { return s.Counts.Explained }},
		{diff.Unknown, func(s *diff.SideInfo) int64 { return s.Counts.Unknown }},
		{diff.Unexplained, func(s *diff.SideInfo) int64 { return s.Counts.Unexplained }},
	} {
		s := p.sum(string(v.verdict), v.n)
		s.verdict = v.verdict
		sums = append(sums, s)
	}
	return sums
}

func (p *printer) sum(key string, n func(*diff.SideInfo) int64) sum {
	return sum{key: key, n: [2]int64{n(&p.r.Left), n(&p.r.Right)}}
}

// asides are the events that were set aside, by reason.
func (p *printer) asides() []sum {
	var all []sum
	for _, reason := range diff.Asides() {
		s := sum{key: map[bool]string{true: "set aside"}[len(all) == 0]}
		for i := range sides {
			var kinds string
			if s.n[i], kinds = aside(p.info(i), reason.Step); s.n[i] > 0 {
				s.more[i] = " by " + string(reason.Step) + " (" + kinds + ")"
			}
		}
		if s.n != [2]int64{} {
			all = append(all, s)
		}
	}
	return all
}

// aside tells how many events of a recording were set aside for a reason, and of which kinds.
func aside(s *diff.SideInfo, reason diff.Step) (n int64, kinds string) {
	var all []string
	for _, a := range s.Aside {
		if a.Step != reason {
			continue
		}
		n += a.Count
		if k := kind(a.Mask); !slices.Contains(all, k) {
			all = append(all, k)
		}
	}
	return n, strings.Join(all, ", ")
}
