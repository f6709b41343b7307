// Package model replays a recording into a model of the tree that it tells of:
// what was there at the end, which records cannot be true of such a tree,
// and what is not certain since events were lost or nobody listed a directory.
//
//	m, err := model.Read(ctx, log.Header(), log)
//	for _, f := range m.Findings {
//		fmt.Println(f.Seq, f.Text)
//	}
//
// [Compare] compares the trees that two recordings end in, [Model.CompareFS] one
// with a real directory.
//
// # What is known
//
// A recording with a snapshot tells everything that was there; one without tells of
// what happened, so that a name that was never mentioned may have been there all along. A directory is
// known in full when it was listed (Header.Snapshot), or when it was made during
// the recording and is watched. What is said of other directories is not certain, and
// after a loss nothing is, until it is mentioned again.
package model
