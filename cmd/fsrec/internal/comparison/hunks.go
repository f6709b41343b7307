package comparison

import (
	"iter"

	"fsrec/replayer/diff"
)

// hunk is a run of rows with differences that are to be shown, and the rows around it, under the operation that they belong to.
type hunk struct {
	rows []row
	of   []int // places in Result.Differences, each once
}

// row is a diff.Row that can be kept.
type row struct {
	events     [2]diff.Event
	has        [2]bool
	difference int
	operation  string
}

// heading is the operation that a row without events tells of, and where it is if it is not in both recordings.
func heading(r diff.Row) string {
	if r.Alone == "" {
		return r.Operation
	}
	return r.Operation + " (in the " + r.Alone + " recording only)"
}

func kept(from diff.Row) row {
	r := row{difference: from.Difference, operation: heading(from)}
	for i, e := range []*diff.Event{from.Left, from.Right} {
		if e != nil {
			r.events[i], r.has[i] = *e, true
		}
	}
	return r
}

// isOperation reports whether the row tells of an operation and has no events.
func (r *row) isOperation() bool { return !r.has[0] && !r.has[1] }

// event gives the event of a side, or nil.
func (r *row) event(side int) *diff.Event {
	if !r.has[side] {
		return nil
	}
	return &r.events[side]
}

// longest bounds what is kept of a run: what is longer is shown in parts.
const longest = 2000

// hunks yields the runs of a comparison that hold a difference that shows is true of.
func hunks(r *diff.Result, context int, shows func(*diff.Difference) bool) iter.Seq[hunk] {
	return func(yield func(hunk) bool) {
		c := collector{context: context, yield: yield}
		for row := range r.Rows() {
			if row.Difference >= 0 && shows(&r.Differences[row.Difference]) {
				c.difference(kept(row))
			} else {
				c.around(kept(row))
			}
			if c.stop {
				return
			}
		}
		c.close()
	}
}

type collector struct {
	context int
	yield   func(hunk) bool
	stop    bool
	before  []row // the latest rows outside of a hunk
	current *row  // the operation that was the current one before them
	now     hunk
	after   int // rows since the latest difference of now
}

func (c *collector) difference(one row) {
	if len(c.now.of) == 0 {
		if c.current != nil && (len(c.before) == 0 || !c.before[0].isOperation()) {
			c.now.rows = append(c.now.rows, *c.current)
		}
		c.now.rows = append(c.now.rows, c.before...)
		c.before = c.before[:0]
	}
	c.now.rows = append(c.now.rows, one)
	c.after = 0
	if n := len(c.now.of); n == 0 || c.now.of[n-1] != one.difference {
		c.now.of = append(c.now.of, one.difference)
	}
	if len(c.now.rows) >= longest {
		c.close()
	}
}

func (c *collector) around(one row) {
	if len(c.now.of) > 0 {
		c.now.rows = append(c.now.rows, one)
		if c.after++; c.after > 2*c.context {
			c.close()
		}
		return
	}
	if c.before = append(c.before, one); len(c.before) > c.context {
		c.passed(c.before[:1])
		c.before = append(c.before[:0], c.before[1:]...)
	}
}

// passed takes in rows that are not before the next hunk.
func (c *collector) passed(rows []row) {
	for i := range rows {
		if rows[i].isOperation() {
			c.current = new(row)
			*c.current = rows[i]
		}
	}
}

// close yields the hunk without the rows that are too far behind its last difference.
func (c *collector) close() {
	if len(c.now.of) == 0 || c.stop {
		return
	}
	end := len(c.now.rows) - max(c.after-c.context, 0)
	for c.now.rows[end-1].isOperation() { // what happened during it is not shown
		end--
	}
	before := max(end, len(c.now.rows)-c.context)
	c.passed(c.now.rows[:before])
	c.before = append(c.before[:0], c.now.rows[before:]...)
	h := c.now
	h.rows = h.rows[:end]
	c.now, c.after = hunk{}, 0
	c.stop = !c.yield(h)
}
