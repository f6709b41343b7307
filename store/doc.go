// Package store keeps recordings: one bbolt file each, written so that killing
// the recorder at any moment leaves a log that opens, and read so that no file,
// however hostile, can do more than give a typed error. FORMAT.md draws the bytes.
//
// [Create] begins a log and gives a [Writer], an event.Writer. Records are packed
// in columns, 4096 to a block, compressed, and handed to one goroutine that owns
// bbolt, so that no caller waits for a disk unless it is far behind. What
// was written is committed within Options.FlushInterval.
//
// [Open] gives a [Log], an event.Log. Nothing is read but what is asked
// for: opening takes a dozen reads whatever the size of the log, seeking a descent of the
// tree, the watch table at any place the nearest checkpoint and what follows it.
//
// bbolt maps its file into memory and trusts what it finds there: a damaged
// page makes it panic, a truncated file kills the program with SIGBUS. Therefore bbolt
// only writes here, and locks. Reading is done by this package with ReadAt, every
// offset and length checked against the file before it is used, and every
// block, total and header against a CRC before it is believed.
package store
