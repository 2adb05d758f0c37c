package wire

import "encoding/binary"

// HeaderSize is the length of a frame's length.
const HeaderSize = 4

// AppendFrame appends payload to buf as one frame.
func AppendFrame(buf, payload []byte) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(payload)))
	return append(buf, payload...)
}

// AppendString appends text to buf as one frame.
func AppendString(buf []byte, text string) []byte {
	buf = binary.LittleEndian.AppendUint32(buf, uint32(len(text)))
	return append(buf, text...)
}

// Cut splits the first frame off data: its payload, its length with the header, and whether it is
// whole.
func Cut(data []byte) (payload []byte, size int, whole bool) {
	if len(data) < HeaderSize {
		return nil, 0, false
	}
	size = HeaderSize + int(binary.LittleEndian.Uint32(data))
	if len(data) < size {
		return nil, size, false
	}
	return data[HeaderSize:size], size, true
}
