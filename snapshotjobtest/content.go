package snapshotjobtest

import (
	"bytes"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"sync"

	"github.com/quicksight-go/snapshotjob"
)

// content is what a file holds.
type content struct {
	io.ReaderAt
	size int64
	etag string // quoted
	// sum is the CRC-64/NVME, S3's own choice of checksum, in big-endian bytes.
	sum func() []byte
}

var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

func newContent(r io.ReaderAt, size int64, etag [md5.Size]byte) *content {
	return &content{
		ReaderAt: r, size: size, etag: `"` + hex.EncodeToString(etag[:]) + `"`,
		sum: sync.OnceValue(func() []byte {
			h := crc64.New(crc64NVME)
			io.Copy(h, io.NewSectionReader(r, 0, size))
			return h.Sum(nil)
		}),
	}
}

func bytesContent(b []byte) *content {
	b = bytes.Clone(b)
	return newContent(bytes.NewReader(b), int64(len(b)), md5.Sum(b))
}

// generatedContent makes size bytes as they are read.
func generatedContent(format snapshotjob.SnapshotFileFormatType, size int64, seed uint64) *content {
	var id [25]byte
	binary.BigEndian.PutUint64(id[:], seed)
	binary.BigEndian.PutUint64(id[8:], uint64(size))
	copy(id[16:], format)
	var r blocks
	switch format {
	case snapshotjob.SnapshotFileFormatTypeCSV:
		r = func(i int64, b *[blockSize]byte) { csvBlock(seed, i, b) }
	case snapshotjob.SnapshotFileFormatTypePDF:
		r = noise("%PDF-1.7\n", seed)
	default:
		r = noise("PK\x03\x04", seed)
	}
	return newContent(r, size, md5.Sum(id[:]))
}

const blockSize = 4096

// blocks fills the i-th block of a file without end.
type blocks func(i int64, b *[blockSize]byte)

func (fill blocks) ReadAt(p []byte, off int64) (int, error) {
	var b [blockSize]byte
	for n := 0; n < len(p); {
		at := off + int64(n)
		fill(at/blockSize, &b)
		n += copy(p[n:], b[at%blockSize:])
	}
	return len(p), nil
}

func noise(magic string, seed uint64) blocks {
	return func(i int64, b *[blockSize]byte) {
		r := rand.NewPCG(seed, uint64(i))
		for j := 0; j < blockSize; j += 8 {
			binary.LittleEndian.PutUint64(b[j:], r.Uint64())
		}
		if i == 0 {
			copy(b[:], magic)
		}
	}
}

// csvBlock writes lines of 32 bytes.
func csvBlock(seed uint64, i int64, b *[blockSize]byte) {
	const line = 32
	r := rand.NewPCG(seed, uint64(i))
	for j := 0; j < blockSize; j += line {
		n := i*(blockSize/line) + int64(j/line)
		if n == 0 {
			copy(b[:], "row_number,place,amount_dollars\n")
			continue
		}
		v := r.Uint64()
		digits(b[j:j+10], uint64(n))
		b[j+10] = ','
		copy(b[j+11:], [...]string{"north", "south", "inner", "outer"}[v>>62])
		b[j+16] = ','
		digits(b[j+17:j+31], v%1e7)
		b[j+31] = '\n'
	}
}

func digits(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}
