// Package recorder decides what a recording is: what is kept, in which order,
// when it ends and what was lost. It moves records from an [event.Reader],
// usually live capture, to an [event.Writer], usually a log.
//
// A [Recorder] reads for the sake of the recording. The loop that reads never
// waits for the sink unless that is far behind, and nothing is dropped on the
// way, so that a loss can only be the kernel's, which is a record:
//
//	rec := recorder.New(backend, log, recorder.Options{Duration: time.Minute})
//	go func() { work(); rec.Stop("work is done") }()
//	summary, err := rec.Run(ctx)
//
// A recording that was stopped holds everything that happened before the stop:
// where the source has barriers (see [Barrierer]) the recorder asks for one and
// ends when it has come through. [Recorder.Sync] and [Recorder.Mark] use the
// same: what a scenario does before a mark stands before it in the recording,
// what it does afterwards behind it.
//
// A [TeeBackend] stands between a backend and an application's own
// WatchManager, and records exactly what the application is given:
//
//	tee := recorder.Tee(backend, log, recorder.Options{})
//	wm := watcher.NewWatchManager(tee)
//
// Both number the records from 1 without a gap, see to it that their time never
// decreases, keep the signals (KindBarrier) out of the sink, and write a
// KindEnd record last. Neither closes the sink.
package recorder
