package diff_test

import (
	"testing"

	"fsrec/replayer/diff"
)

// What is left of a rename, whose other half can have fallen into a loss, is as unknown as the whole rename that the other recording has.
func TestTheHalvesOfARenameAroundALoss(t *testing.T) {
	const loss = "RAW loss wd=1 cause=\"buffer\" count=-1 since=0"
	linux := linuxHead + told1(false, "CREATE e; MOVED_FROM cookie a; MOVED_TO cookie b; CREATE f")
	later := func(change string) string { return "RAW 101 120.000000000 change wd=1 attributes=0x20 " + change }
	none := &diff.Catalogue{}
	for _, tt := range []struct {
		name, told string
		want       diff.Verdict
	}{
		{"both names", "ADDED e; RENAMED_OLD_NAME a; " + loss + "; RENAMED_NEW_NAME b; ADDED f", diff.Unknown},
		{"the old name", "ADDED e; RENAMED_OLD_NAME a; " + loss + "; ADDED f", diff.Unknown},
		{"the new name", "ADDED e; " + loss + "; RENAMED_NEW_NAME b; ADDED f", diff.Unknown},
		{"no name", "ADDED e; " + loss + "; ADDED f", diff.Unknown},
		{"the old name, after the loss", "ADDED e; " + loss + "; RENAMED_OLD_NAME a; ADDED f", diff.Unexplained},
		{"the new name, before the loss", "ADDED e; RENAMED_NEW_NAME b; RAW 100 120.000000000 loss wd=1 cause=\"buffer\" count=-1 since=110000000000; " + later(`action=ADDED name="f"`), diff.Unexplained},
		{"the old name twice", "ADDED e; RENAMED_OLD_NAME a; RENAMED_OLD_NAME a; " + loss + "; ADDED f", diff.Unexplained},
		{"another name", "ADDED e; RENAMED_OLD_NAME c; " + loss + "; RENAMED_NEW_NAME b; ADDED f", diff.Unexplained},
		{"the names the wrong way round", "ADDED e; RENAMED_OLD_NAME b; " + loss + "; RENAMED_NEW_NAME a; ADDED f", diff.Unexplained},
		{"both names, and no loss", "ADDED e; RENAMED_OLD_NAME a; ADDED f; " + later(`action=RENAMED_NEW_NAME name="b"`), diff.Unexplained},
	} {
		windows := windowsHead + told1(true, tt.told)
		for _, pair := range [][2]string{{linux, windows}, {windows, linux}} {
			r := addUp(t, recording(t, pair[0]), recording(t, pair[1]), diff.Options{Rules: none})
			if r.Verdict != tt.want {
				t.Errorf("%s: %s\n%s", tt.name, r.Verdict, told(r))
			}
			for _, d := range r.Differences {
				if d.Verdict == diff.Unknown && d.LeftLoss == 0 && d.RightLoss == 0 {
					t.Errorf("%s: unknown because of no loss\n%s", tt.name, told(r))
				}
			}
		}
	}
}
