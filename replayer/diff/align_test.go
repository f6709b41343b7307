package diff

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// patch makes b of a and the hunks, and fails where a hunk is not one.
func patch(t testing.TB, a, b []uint64, all []hunk) []uint64 {
	t.Helper()
	var out []uint64
	x := 0
	for _, h := range all {
		if h.aLo < x || h.aHi < h.aLo || h.bHi < h.bLo || h.aHi > len(a) || h.bHi > len(b) {
			t.Fatalf("hunks out of order: %v", all)
		}
		out = append(append(out, a[x:h.aLo]...), b[h.bLo:h.bHi]...)
		x = h.aHi
	}
	return append(out, a[x:]...)
}

func TestHunksTurnOneSideIntoTheOther(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		kinds := 1 + random.Uint64N(12)
		a := make([]uint64, random.IntN(400))
		for i := range a {
			a[i] = random.Uint64N(kinds)
		}
		b := slices.Clone(a)
		for range random.IntN(200) {
			at := random.IntN(len(b) + 1)
			if random.IntN(2) == 0 || at == len(b) {
				b = slices.Insert(b, at, random.Uint64N(kinds))
			} else {
				b = slices.Delete(b, at, at+1)
			}
		}
		all := hunks(a, b)
		if got := patch(t, a, b, all); !slices.Equal(got, b) {
			t.Fatalf("%v to %v by %v gives %v", a, b, all, got)
		}
	}
}

func TestHunksAreShortest(t *testing.T) {
	a, b := []uint64{1, 2, 3, 1, 2, 2, 1}, []uint64{3, 2, 1, 2, 1, 3}
	n := 0
	for _, h := range hunks(a, b) {
		n += h.aHi - h.aLo + h.bHi - h.bLo
	}
	if n != 5 {
		t.Errorf("%d edits, want 5", n)
	}
}

// Where nothing occurs once, as on the path of a file that is appended to for ever, there is nothing to
// hold on to; what is found is still about as much as what was changed.
func TestHunksOfARepeatedSequence(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var a, b []uint64
	changes := 0
	for i := range 100_000 {
		v := uint64(i % 4)
		a = append(a, v)
		switch random.IntN(200) {
		case 0:
			changes++
		case 1:
			b = append(b, v, v)
			changes++
		default:
			b = append(b, v)
		}
	}
	all := hunks(a, b)
	if !slices.Equal(patch(t, a, b, all), b) {
		t.Fatal("wrong")
	}
	edits := 0
	for _, h := range all {
		edits += h.aHi - h.aLo + h.bHi - h.bLo
	}
	if edits > changes+changes/10 {
		t.Errorf("%d edits for %d changes", edits, changes)
	}
}

// Sequences that are quadratic for a plain sequence diff end in time.
func TestHunksOfHostileSequences(t *testing.T) {
	const n = 100_000
	random := rand.New(rand.NewPCG(3, 4))
	make2 := func(f func(i int) (uint64, uint64)) (a, b []uint64) {
		for i := range n {
			x, y := f(i)
			a, b = append(a, x), append(b, y)
		}
		return a, b
	}
	for name, f := range map[string]func(i int) (uint64, uint64){
		"two values":    func(int) (uint64, uint64) { return random.Uint64N(2), random.Uint64N(2) },
		"disjoint":      func(i int) (uint64, uint64) { return uint64(i), uint64(i + n) },
		"reversed":      func(i int) (uint64, uint64) { return uint64(i), uint64(n - i) },
		"period":        func(i int) (uint64, uint64) { return uint64(i % 7), uint64(i % 11) },
		"one thousand":  func(int) (uint64, uint64) { return random.Uint64N(1000), random.Uint64N(1000) },
		"nested halves": func(i int) (uint64, uint64) { return uint64(i & -i), uint64((i + 1) & -(i + 1)) },
	} {
		a, b := make2(f)
		start := time.Now()
		all := hunks(a, b)
		if !slices.Equal(patch(t, a, b, all), b) {
			t.Errorf("%s: wrong", name)
		}
		if took := time.Since(start); took > 20*time.Second {
			t.Errorf("%s took %v", name, took)
		} else {
			t.Log(name, took, len(all))
		}
	}
}

func FuzzHunks(f *testing.F) {
	f.Add([]byte("abcabba"), []byte("cbabac"))
	f.Fuzz(func(t *testing.T, x, y []byte) {
		a, b := make([]uint64, len(x)), make([]uint64, len(y))
		for i := range x {
			a[i] = uint64(x[i])
		}
		for i := range y {
			b[i] = uint64(y[i])
		}
		if got := patch(t, a, b, hunks(a, b)); !slices.Equal(got, b) {
			t.Errorf("%v", got)
		}
	})
}
