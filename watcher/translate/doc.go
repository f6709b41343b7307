// Package translate tells what ReadDirectoryChangesW delivered in the events of
// inotify. It is pure: it looks at records and at nothing else, so that a
// recording gives the same events on every platform, every time, however its
// records are divided into batches.
//
// What becomes of a change:
//
//	ADDED             IN_CREATE
//	REMOVED           IN_DELETE
//	MODIFIED          IN_MODIFY of a file, IN_ATTRIB of a directory; see below
//	RENAMED_OLD_NAME  IN_MOVED_FROM, with the record's number as cookie
//	RENAMED_NEW_NAME  IN_MOVED_TO, with the cookie of the RENAMED_OLD_NAME that waits for it, a new one if none does
//	others            nothing; Unknown counts them
//
// # What belongs together
//
// A RENAMED_OLD_NAME waits for the next RENAMED_NEW_NAME of its watch, also
// across reads; where both tell a file id it must be the same. It waits in vain
// when another RENAMED_OLD_NAME comes, events are lost, nothing came for a while
// (KindIdle), or a minute has passed in the time of the records.
//
// A REMOVED is held until the next change of its watch, or until it is clear
// that none belongs to it: 100 ms of the records' time, KindIdle, a barrier, the end. Then it
// becomes an IN_DELETE, with two exceptions. A RENAMED_OLD_NAME of the same name
// is the second record of a rename that only changes the case of letters, and
// the REMOVED was its first: it becomes nothing. An ADDED of the same file id under
// another name is a move to another directory: the two become an IN_MOVED_FROM
// and an IN_MOVED_TO that are marked as inferred.
//
// # Directory or file
//
// Attributes that came with a record decide, with FlagInferred those that were looked up
// afterwards. Without, the index of the subtree answers, which KindEntry
// records and changes keep, and the event is marked as inferred. What neither
// knows has FlagDirUnknown and no IN_ISDIR. A link or junction to a directory
// counts as a file, as on Linux. A directory that is a reparse point for another
// reason, as OneDrive makes them, is one where the record has FlagDir, which the
// tag that ReadDirectoryChangesExW delivers decides; the attributes do not tell them apart.
//
// A MODIFIED says neither whether contents, times or security changed, nor
// whether it is only that a directory got or lost a name. Of a directory it is an IN_ATTRIB. Of a file
// it is an IN_MODIFY, unless the filter of the watch has neither SIZE nor
// LAST_WRITE, or the mask has IN_ATTRIB and no IN_MODIFY: then it is an IN_ATTRIB.
//
// # The watched object itself
//
// A change without a name, and every change of a watched file, is about the
// watched object: MODIFIED becomes an event without a name, RENAMED_OLD_NAME IN_MOVE_SELF, all
// others nothing. The end of a watch becomes IN_DELETE_SELF where it was deleted,
// IN_UNMOUNT where the volume went, and then IN_IGNORED.
package translate
