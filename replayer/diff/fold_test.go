package diff_test

import (
	"testing"

	"fsrec/replayer/diff"
)

// Writes of one file follow one another also where a recording tells of several operations, if the other one tells of none.
func TestWritesAreFoldedAcrossOperations(t *testing.T) {
	const mark = "mark text=\"op: write f\"\n"
	write, other := told1(false, "MODIFY f"), told1(false, "MODIFY g")
	operated := linuxHead + mark + write + mark + write + write + mark + write + other + mark + other
	for _, m := range []diff.Match{diff.Partial, diff.Exact, diff.Set} {
		for _, tt := range []struct {
			name, plain string
			want        diff.Verdict
		}{
			{"as often", linuxHead + write + write + write + write + other + other, diff.Same},
			{"once", linuxHead + write + other, diff.Explained},
			{"with something else between", linuxHead + write + told1(false, "ATTRIB f") + write + other + other, diff.Unexplained},
			{"none of one file", linuxHead + write, diff.Unexplained},
		} {
			for _, pair := range [][2]string{{operated, tt.plain}, {tt.plain, operated}} {
				if r := addUp(t, recording(t, pair[0]), recording(t, pair[1]), diff.Options{Match: m}); r.Verdict != tt.want {
					t.Errorf("%s, %s: %s\n%s", m, tt.name, r.Verdict, told(r))
				}
			}
		}
	}
	if r := compare(t, operated, operated, diff.Options{}); r.Left.Folded != 1 || r.Left.Events != 5 {
		t.Errorf("%d folded and %d compared: each operation by itself has 1 and 5", r.Left.Folded, r.Left.Events)
	}
}
