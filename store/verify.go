package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"slices"

	"fsrec/watcher/event"
)

// Verify reads the whole log and holds it to everything that it says about
// itself: the pages of the file, the checksum of every block, that no record is
// missing, the totals, the second copy of the table changes and every checkpoint. The error is
// an *Error around ErrCorrupt or ErrTruncated, an error of the disk, or ctx's. It does not move the place of Read.
func (l *Log) Verify(ctx context.Context) error {
	if l.closed {
		return event.ErrClosed
	}
	next := l.next
	defer func() { l.next = next }()
	err := l.verify(ctx)
	if err == nil || ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return err
	}
	return l.wrap(err)
}

func (l *Log) verify(ctx context.Context) error {
	if l.pages.damaged > 0 {
		return corrupt("one of the two meta pages is not valid: what was committed last may be missing")
	}
	if err := l.pages.verify(ctx); err != nil {
		return err
	}
	points, err := l.checkpointPlaces()
	if err != nil {
		return err
	}
	var changes []event.Record
	if changes, err = l.TableChanges(nil); err != nil {
		return err
	}
	count := totals{closed: l.totals.closed}
	table := event.NewTable(l.header.Platform)
	l.next = 1
	var batch []event.Record
	for {
		for len(points) > 0 && count.records > 0 && points[0] == count.last()+1 {
			if err := l.verifyCheckpoint(table, points[0], count.changes); err != nil {
				return err
			}
			points = points[1:]
		}
		if batch, err = l.Read(ctx, batch); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
		if count.records > 0 && (batch[0].Seq != count.last()+1 || batch[0].Time < count.lastTime) {
			return corrupt("record %d of time %d follows record %d of time %d", batch[0].Seq, batch[0].Time, count.last(), count.lastTime)
		}
		count.blocks++
		for i := range batch {
			r := &batch[i]
			count.add(r)
			if !r.IsTableChange() {
				continue
			}
			if count.changes >= uint64(len(changes)) || changes[count.changes] != *r {
				return corrupt("record %d is not as it stands among the changes of the watch table", r.Seq)
			}
			count.changes++
			table.Apply(r)
		}
	}
	if count != l.totals {
		return corrupt("the totals are not those of the records")
	}
	if len(points) > 0 {
		return corrupt("checkpoint %d is not at the end of a block", points[0])
	}
	return l.verifyEnd()
}

// verifyEnd sees to it that no block lies beyond the last record.
func (l *Log) verifyEnd() error {
	e, ok, err := l.pages.floor(l.blocks, bytes.Repeat([]byte{0xff}, 8))
	if err != nil || !ok {
		return err
	}
	if len(e.key) != 8 || l.totals.records == 0 || binary.BigEndian.Uint64(e.key) > l.totals.last() {
		return corrupt("a block after the last record")
	}
	return nil
}

// checkpointPlaces lists the records before which there is a checkpoint.
func (l *Log) checkpointPlaces() ([]uint64, error) {
	var places []uint64
	for key := blockKey(0); ; {
		e, ok, err := l.pages.ceil(l.points, key)
		if err != nil || !ok {
			return places, err
		}
		if len(e.key) != 12 || bytes.Compare(e.key, key) < 0 {
			return nil, corrupt("a checkpoint under key %x", e.key)
		}
		seq := binary.BigEndian.Uint64(e.key)
		places = append(places, seq)
		key = blockKey(seq + 1)
		if seq+1 == 0 {
			return places, nil
		}
	}
}

func (l *Log) verifyCheckpoint(want *event.Table, seq, changes uint64) error {
	got := event.NewTable(l.header.Platform)
	from, before, err := l.checkpoint(got, seq)
	if err != nil {
		return err
	}
	same := func(a, b *event.Watch) bool {
		return a.Record() == b.Record() && (want.At(a.Path()) == a) == (got.At(b.Path()) == b)
	}
	if from != seq || before != changes || !slices.EqualFunc(want.Watches(), got.Watches(), same) {
		return corrupt("checkpoint %d is not the watch table of that place", seq)
	}
	return nil
}

// verify walks every page that the file reaches from its root, and the list of
// the free ones: each is sound in itself, used once, and its keys are in order.
func (p *pages) verify(ctx context.Context) error {
	w := walk{pages: p, ctx: ctx, seen: make([]uint64, p.limit/64+1)}
	w.use(0, 2)
	if err := w.bucket(bucket{root: p.boltMeta.root}, 0); err != nil {
		return err
	}
	if p.freelist == noFreelist {
		return nil
	}
	return w.free(p.freelist)
}

type walk struct {
	*pages
	ctx  context.Context
	seen []uint64 // a bit for each page below limit, which the size of the file bounds
}

// use marks count pages from id on; false if one was used before.
func (w *walk) use(id, count uint64) bool {
	for i := id; i < id+count; i++ {
		if w.seen[i/64]&(1<<(i%64)) != 0 {
			return false
		}
		w.seen[i/64] |= 1 << (i % 64)
	}
	return true
}

func (w *walk) bucket(b bucket, nested int) error {
	if nested > 2 {
		return corrupt("buckets within buckets of page %d", b.root)
	}
	pg, err := w.root(b)
	if err != nil {
		return err
	}
	if b.root == 0 && !pg.leaf {
		return corrupt("an inline page that is not a leaf")
	}
	_, err = w.tree(pg, nil, nil, 0, nested)
	return err
}

// tree walks pg, whose keys must be greater than after and less than until; it
// returns the last of them.
func (w *walk) tree(pg page, after, until []byte, depth, nested int) (last []byte, err error) {
	if err := w.ctx.Err(); err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, corrupt("the tree at page %d is too deep", pg.id)
	}
	if pg.id != 0 && !w.use(pg.id, uint64(pg.extent/w.pageSize)) {
		return nil, corrupt("page %d is used twice", pg.id)
	}
	last = after
	for i := range pg.count {
		key, err := w.key(&pg, i, nil)
		if err != nil {
			return nil, err
		}
		if last != nil && bytes.Compare(key, last) <= 0 && (i > 0 || pg.leaf) || until != nil && bytes.Compare(key, until) >= 0 {
			return nil, corrupt("key %d of page %d is out of order", i, pg.id)
		}
		if pg.leaf {
			last = key
			if err := w.leaf(&pg, i, nested); err != nil {
				return nil, err
			}
			continue
		}
		end := until
		if i+1 < pg.count {
			if end, err = w.key(&pg, i+1, nil); err != nil {
				return nil, err
			}
		}
		child, err := w.child(&pg, i)
		if err != nil {
			return nil, err
		}
		if child.count == 0 {
			return nil, corrupt("page %d is empty", child.id)
		}
		if first, err := w.key(&child, 0, nil); err != nil || !bytes.Equal(first, key) {
			return nil, errors.Join(err, corrupt("page %d does not begin with the key that leads to it", child.id))
		}
		if last, err = w.tree(child, last, end, depth+1, nested); err != nil {
			return nil, err
		}
	}
	return last, nil
}

func (w *walk) leaf(pg *page, i, nested int) error {
	e, err := w.entry(pg, i)
	if err != nil || e.flags == 0 {
		return err
	}
	if e.flags != bucketElement {
		return corrupt("element %d of page %d has flags %d", i, pg.id, e.flags)
	}
	e.flags = 0
	value, err := w.value(&e, w.pageSize, nil)
	if err != nil {
		return err
	}
	b, _, err := parseBucket(value)
	if err != nil {
		return err
	}
	return w.bucket(b, nested+1)
}

// free reads the list of free pages, which must not be in use.
func (w *walk) free(id uint64) error {
	head := make([]byte, pageHeaderSize+8)
	if err := w.readAt(head, int64(id)*w.pageSize); err != nil {
		return err
	}
	pages := uint64(order.Uint32(head[12:])) + 1
	if order.Uint64(head) != id || order.Uint16(head[8:]) != freelistPage || pages > w.limit-id || !w.use(id, pages) {
		return corrupt("page %d is not a list of free pages", id)
	}
	count, off := uint64(order.Uint16(head[10:])), int64(pageHeaderSize)
	if count == 0xffff {
		count, off = order.Uint64(head[pageHeaderSize:]), pageHeaderSize+8
	}
	room := pages * uint64(w.pageSize)
	if count > room/8 || uint64(off)+8*count > room {
		return corrupt("%d free pages do not fit page %d", count, id)
	}
	list := make([]byte, 8*count)
	if err := w.readAt(list, int64(id)*w.pageSize+off); err != nil {
		return err
	}
	for ; len(list) > 0; list = list[8:] {
		if free := order.Uint64(list); free < 2 || free >= w.limit || !w.use(free, 1) {
			return corrupt("page %d is free and in use", free)
		}
	}
	return nil
}
