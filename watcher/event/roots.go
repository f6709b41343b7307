package event

import (
	"fmt"
	"maps"
	"slices"
)

// Rooted are the watched directories of a recording, those that are in no other.
type Rooted struct {
	Platform Platform
	Roots    []string
}

// RootsOptions say how PairRoots pairs.
type RootsOptions struct {
	Given    map[string]string // path on the left to path on the right: these first
	SamePath bool              // and then only those of the same path
	Fold     bool              // compare last elements without regard to case
}

// PairRoots says which watched directories of two recordings stand for each other: those that are given, those
// of the same path, those whose last elements are the same, and in the end single ones. What stays alone on one side is
// paired with "". The error is a *RootsError, also where some stay alone on both.
func PairRoots(left, right Rooted, o RootsOptions) (pairs [][2]string, err error) {
	p := pairing{platforms: [2]Platform{left.Platform, right.Platform}, left: slices.Clone(left.Roots), right: slices.Clone(right.Roots)}
	for _, l := range slices.Sorted(maps.Keys(o.Given)) {
		r := o.Given[l]
		i := slices.IndexFunc(p.left, func(root string) bool { return left.Platform.samePath(root, l) })
		j := slices.IndexFunc(p.right, func(root string) bool { return right.Platform.samePath(root, r) })
		if i < 0 || j < 0 {
			return nil, &RootsError{Left: left.Roots, Right: right.Roots, Pair: [2]string{l, r}}
		}
		p.take(i, j)
	}
	p.by(func(_ Platform, root string) string { return root })
	if !o.SamePath {
		fold := func(name string) string { return name }
		if o.Fold {
			fold = Windows.Fold
		}
		p.by(func(platform Platform, root string) string { return fold(platform.Base(root)) })
		if len(p.left) == 1 && len(p.right) == 1 {
			p.take(0, 0)
		}
	}
	if len(p.left) > 0 && len(p.right) > 0 {
		return nil, &RootsError{Left: p.left, Right: p.right}
	}
	for _, l := range p.left {
		p.pairs = append(p.pairs, [2]string{l, ""})
	}
	for _, r := range p.right {
		p.pairs = append(p.pairs, [2]string{"", r})
	}
	return p.pairs, nil
}

// samePath reports whether two spellings name the same directory.
func (p Platform) samePath(a, b string) bool {
	rest, ok := p.Below(a, b)
	return ok && rest == ""
}

// pairing is what PairRoots has done so far, and the roots that are left.
type pairing struct {
	platforms   [2]Platform
	left, right []string
	pairs       [][2]string
}

func (p *pairing) take(i, j int) {
	p.pairs = append(p.pairs, [2]string{p.left[i], p.right[j]})
	p.left, p.right = slices.Delete(p.left, i, i+1), slices.Delete(p.right, j, j+1)
}

// by pairs those of the same key, in the order of the left side.
func (p *pairing) by(key func(platform Platform, root string) string) {
	same := make(map[string][]int)
	for j, r := range p.right {
		k := key(p.platforms[1], r)
		same[k] = append(same[k], j)
	}
	taken := make([]bool, len(p.right))
	left := p.left[:0]
	for _, l := range p.left {
		k := key(p.platforms[0], l)
		if len(same[k]) == 0 {
			left = append(left, l)
			continue
		}
		j := same[k][0]
		same[k], taken[j] = same[k][1:], true
		p.pairs = append(p.pairs, [2]string{l, p.right[j]})
	}
	right := p.right[:0]
	for j, r := range p.right {
		if !taken[j] {
			right = append(right, r)
		}
	}
	p.left, p.right = left, right
}

// RootsError says that two recordings cannot be compared since they are about different directories.
type RootsError struct {
	Left, Right []string  // roots that have no counterpart
	Pair        [2]string // a pair that was given, of which one is not a root
	Disjoint    bool      // the roots could be paired, but no path below them is common
}

func (e *RootsError) Error() string {
	left, right := QuoteSome(e.Left), QuoteSome(e.Right)
	switch {
	case e.Pair != [2]string{}:
		return fmt.Sprintf("cannot pair root %s with %s: the left recording has %s, the right one %s", Quote(e.Pair[0]), Quote(e.Pair[1]), left, right)
	case e.Disjoint:
		return fmt.Sprintf("unrelated roots: no path below %s of the left recording is also below %s of the right one; if they are to be compared all the same, pair them", left, right)
	}
	return fmt.Sprintf("unrelated roots: the left recording has %s, the right one %s: say which of them belong together", left, right)
}
