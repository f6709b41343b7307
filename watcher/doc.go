// Package watcher is the API that programs use to watch a file system, in the
// shape of pyinotify: a [WatchManager] keeps the watches, a [Notifier] reads
// and processes events, a [ProcessEvent] holds what is to be done with them.
//
// Where events come from is a [Backend]: the operating system or a recording.
// There is one implementation of everything here for both, and what it does is
// a function of the records that the backend delivers. It touches no file,
// reads no clock and makes up nothing: rename pairing runs on the time of the
// records, path rules are those of the recorded platform.
//
//	wm := watcher.NewWatchManager(backend)
//	defer wm.Close()
//	wdd, err := wm.AddWatch("/tmp", event.IN_CREATE|event.IN_DELETE, watcher.Recursive(), watcher.AutoAdd())
//	...
//	handler := &watcher.ProcessEvent{
//		IN_CREATE: func(ev *watcher.Event) error { fmt.Println("Creating:", ev.Pathname); return nil },
//		IN_DELETE: func(ev *watcher.Event) error { fmt.Println("Removing:", ev.Pathname); return nil },
//	}
//	err = watcher.NewNotifier(wm, handler).Run(ctx)
//
// A recording of Windows gives the same events on every system, and so does a
// Windows machine: what ReadDirectoryChangesW delivered becomes events of
// inotify by the rules of package translate. One watch stands for a whole tree
// there. [Event].Path is the directory of the subject all the same.
// [WatchManager.Unrecorded] says which events of a mask can never come.
//
// There are five ways to wait for events, all on the same Notifier:
// [Notifier.Run] blocks until it is stopped; [Notifier.CheckEvents],
// [Notifier.ReadEvents] and [Notifier.ProcessEvents] are its parts, for a
// program with a loop of its own; [ThreadedNotifier] runs in a goroutine;
// [Notifier.Channel] gives a channel to select on; [Notifier.Events] is a
// generator to range over, as is [Inotify], which follows the second Python
// library of that name.
package watcher
