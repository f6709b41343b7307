package store

// The log format. FORMAT.md draws it; a test holds the two together.
const (
	// FormatVersion is the version that this package writes.
	FormatVersion = 3
	// MinReader is the oldest version whose reader understands what this package writes.
	MinReader = 3

	magic    = "fsrec log\x00"
	pageSize = 4096
)

// Buckets.
const (
	bucketMeta        = "meta"
	bucketState       = "state"
	bucketBlocks      = "blocks"
	bucketChanges     = "changes"
	bucketCheckpoints = "checkpoints"
)

// Keys of bucketMeta and bucketState.
const (
	keyMagic  = "magic"
	keyHeader = "header"
	keyTotals = "totals"
)

// codec says how the payload of a block is compressed.
type codec uint8

const (
	codecNone codec = 0
	codecZstd codec = 1
)

func (c codec) String() string {
	switch c {
	case codecNone:
		return "none"
	case codecZstd:
		return "zstd"
	}
	return "unknown"
}

// column is the id of one column of a block. A reader that does not know an
// id of columnSkippable or above skips it, and refuses any other.
type column uint8

const (
	columnKind    column = 1
	columnFlags   column = 2
	columnTime    column = 3
	columnWD      column = 4
	columnMask    column = 5
	columnCookie  column = 6
	columnN       column = 7
	columnM       column = 8
	columnLengths column = 9
	columnText    column = 10
	columnName    column = 11
	columnPath    column = 12
	columnSrc     column = 13
	columnSeq     column = 14

	columnP column = 15

	columnEnd       column = 16 // one more than the last
	columnSkippable column = 128
)

var columnNames = [columnEnd]string{
	columnKind: "kind", columnFlags: "flags", columnTime: "time", columnWD: "wd", columnMask: "mask",
	columnCookie: "cookie", columnN: "n", columnM: "m", columnLengths: "lengths", columnText: "text",
	columnName: "name", columnPath: "path", columnSrc: "src", columnSeq: "seq", columnP: "p",
}

// Bounds that a reader holds a block to before it allocates anything.
const (
	// MaxBlockRecords bounds Options.BlockRecords.
	MaxBlockRecords = 1 << 16
	// MaxRecordText bounds the strings of one record, in bytes together.
	MaxRecordText = 8 << 20

	blockText     = 1 << 20  // a block is full when its strings have so many bytes
	maxText       = 16 << 20 // of a block: blockText and one record more
	maxRaw        = 32 << 20 // of the columns of a block
	maxHeaderJSON = 16 << 20
)

// The head of a block, big endian, and its flags.
const (
	headCodec     = 0  // 1 byte
	headFlags     = 1  // 1 byte
	headCount     = 4  // 4 bytes: records
	headFirst     = 8  // 8 bytes: number of the first record
	headFirstTime = 16 // 8 bytes
	headLastTime  = 24 // 8 bytes
	headOrdinal   = 32 // 8 bytes: how many blocks, or changes, come before
	headRaw       = 40 // 4 bytes: length of the columns
	headCRC       = 44 // 4 bytes: CRC32C of key, head before this field, payload
	headSize      = 48

	// flagMore: the checkpoint goes on in the next part.
	flagMore = 1
)
