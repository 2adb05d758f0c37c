package wire

// makeRoom sees to it that a read finds space. A buffer grows with what has come, not with what was announced:
// four bytes can announce a frame of any size.
func (s *Stream) makeRoom(size int) error {
	if s.start == s.end {
		s.start, s.end = 0, 0
	}
	if s.start+min(size, len(s.buf)) <= len(s.buf) && s.end < len(s.buf) {
		return nil
	}
	buf := s.buf
	if s.end-s.start == len(buf) {
		larger := min(size, 2*len(buf))
		if err := s.takeRoom(larger); err != nil {
			return err
		}
		buf = make([]byte, larger)
	}
	s.end = copy(buf, s.buf[s.start:s.end])
	s.start, s.buf = 0, buf
	return nil
}

// takeRoom takes room for a buffer that is large.
func (s *Stream) takeRoom(size int) error {
	if size <= largeBuffer || s.limits.Room == nil {
		return nil
	}
	if err := s.limits.Room.Take(size - s.grown); err != nil {
		return err
	}
	s.room += size - s.grown
	s.grown = size
	return nil
}

// shrink gives up a buffer that one large frame has grown, once that frame has been used.
func (s *Stream) shrink() {
	if s.start != s.end || len(s.buf) <= largeBuffer {
		return
	}
	s.buf = make([]byte, smallBuffer)
	s.start, s.end, s.grown = 0, 0, 0
}

// giveRoom gives back what the large frames before have taken. That is not done with each of them: what was read from
// one may be needed until the peer sends its next command.
func (s *Stream) giveRoom() {
	if s.room > s.grown {
		s.limits.Room.Give(s.room - s.grown)
		s.room = s.grown
	}
}
