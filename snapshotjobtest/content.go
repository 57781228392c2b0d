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
	data io.ReaderAt
	size int64
	etag string // with its quotes

	// checksum returns the CRC-64/NVME, S3's own choice of checksum, in
	// big-endian order.
	checksum func() []byte
}

// crc64NVME is the table of CRC-64/NVME, whose polynomial is written here in
// reversed order.
var crc64NVME = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// newContent returns content with this ETag. Its checksum is computed when it is
// asked for, since it takes reading all bytes.
func newContent(data io.ReaderAt, size int64, etag [md5.Size]byte) *content {
	checksum := func() []byte {
		h := crc64.New(crc64NVME)
		_, _ = io.Copy(h, io.NewSectionReader(data, 0, size)) // It is made in memory.
		return h.Sum(nil)
	}
	return &content{
		data:     data,
		size:     size,
		etag:     `"` + hex.EncodeToString(etag[:]) + `"`,
		checksum: sync.OnceValue(checksum),
	}
}

// bytesContent returns content that holds a copy of b. Its ETag is the MD5 of b, as
// S3 has it.
func bytesContent(b []byte) *content {
	b = bytes.Clone(b)
	return newContent(bytes.NewReader(b), int64(len(b)), md5.Sum(b))
}

// generatedContent returns content whose bytes are made as they are read. Its ETag
// is the MD5 of what determines them.
func generatedContent(format snapshotjob.SnapshotFileFormatType, size int64, seed uint64) *content {
	var id []byte
	id = binary.BigEndian.AppendUint64(id, seed)
	id = binary.BigEndian.AppendUint64(id, uint64(size))
	id = append(id, format...)
	return newContent(generatorOf(format, seed), size, md5.Sum(id))
}

// generatorOf returns the generator of a format. Files other than CSV hold noise
// after the bytes that tell their format.
func generatorOf(format snapshotjob.SnapshotFileFormatType, seed uint64) generator {
	switch format {
	case snapshotjob.SnapshotFileFormatTypeCSV:
		return csvGenerator(seed)
	case snapshotjob.SnapshotFileFormatTypePDF:
		return noiseGenerator("%PDF-1.7\n", seed)
	}
	return noiseGenerator("PK\x03\x04", seed) // An Excel file is a ZIP archive.
}

// blockSize is how many bytes are generated at once.
const blockSize = 4096

// block is a part of a generated file.
type block [blockSize]byte

// generator fills in the block of an index. It is an io.ReaderAt of a file without
// end.
type generator func(index int64, b *block)

// ReadAt generates each block that p is part of.
func (generate generator) ReadAt(p []byte, off int64) (int, error) {
	var b block
	for n := 0; n < len(p); {
		position := off + int64(n)
		generate(position/blockSize, &b)
		n += copy(p[n:], b[position%blockSize:])
	}
	return len(p), nil
}

// noiseGenerator generates random bytes, which begin with magic.
func noiseGenerator(magic string, seed uint64) generator {
	return func(index int64, b *block) {
		random := rand.NewPCG(seed, uint64(index))
		for i := 0; i < blockSize; i += 8 {
			binary.LittleEndian.PutUint64(b[i:], random.Uint64())
		}
		if index == 0 {
			copy(b[:], magic)
		}
	}
}

// csvHeader is the first line of a generated CSV file.
const csvHeader = "row_number,place,amount_dollars\n"

// csvLine is the length of each line, the header included: 32 bytes. A block has
// whole lines only.
const csvLine = len(csvHeader)

// csvPlaces are all of one length.
var csvPlaces = [4]string{"north", "south", "inner", "outer"}

// csvGenerator generates a header and lines such as
// "0000000001,north,00000001234567\n".
func csvGenerator(seed uint64) generator {
	const linesInBlock = blockSize / csvLine
	return func(index int64, b *block) {
		random := rand.NewPCG(seed, uint64(index))
		for i := range linesInBlock {
			line := b[i*csvLine:][:csvLine]
			number := index*int64(linesInBlock) + int64(i)
			if number == 0 {
				copy(line, csvHeader)
				continue
			}
			writeCSVLine(line, uint64(number), random.Uint64())
		}
	}
}

// writeCSVLine writes a line whose place and amount follow from a random number.
func writeCSVLine(line []byte, number, random uint64) {
	place := csvPlaces[random>>62]
	amount := random % 1e7
	writeDigits(line[:10], number)
	line[10] = ','
	copy(line[11:16], place)
	line[16] = ','
	writeDigits(line[17:31], amount)
	line[31] = '\n'
}

// writeDigits fills b with the last digits of n.
func writeDigits(b []byte, n uint64) {
	for i := len(b) - 1; i >= 0; i-- {
		b[i] = byte('0' + n%10)
		n /= 10
	}
}
