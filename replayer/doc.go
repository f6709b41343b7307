// Package replayer plays a recording back as an [event.Backend]: to the code
// that reads it there is no difference between a kernel and a [Replayer].
//
//	r, err := replayer.New(log)
//	wm := watcher.NewWatchManager(r)
//
// A replay touches no file, draws no random number and, at [MaxSpeed], reads no
// clock. Every replay of a log gives the same records, at any speed. The pace of
// the recording is kept with [Speed], whose waits are timers and channels only,
// so that a replay works inside a testing/synctest bubble, in virtual time.
//
// # Watches
//
// All recorded watches are announced in the stream by their KindWatch records.
// Code that adds watches itself is answered from the recording: see
// [Replayer.Add]. What it does to its watches, it does to the replay: a watch
// that was removed delivers nothing more.
//
// # Paths
//
// [Map] gives a recorded directory another path, also one of another platform.
// Names in events are not changed, only the paths of watches. Records of Windows keep the \
// in their names; the WatchManager gives them the separator of the replay.
//
// # Parts and rounds
//
// A replay that starts in the middle ([FromSeq], [FromTime], [FromMark]) begins
// with the watch table of that place, as KindWatch records with Seq 0. [Loop]
// begins again at the start of the part after its end; before that, watches that
// auto-add had placed and that are not in the table of the start are ended by
// KindUnwatch records with Seq 0. Watches that a caller had asked for stay, and
// are renewed by their recorded KindWatch. In later rounds the time of records
// is shifted so that it never decreases, and numbers begin again; only the last
// round ends with the KindEnd record. What was asked for and removed stays so
// in all rounds; but a watch that ended in a round and begins again in the next
// is taken up only by a WatchManager with Adopt.
package replayer
