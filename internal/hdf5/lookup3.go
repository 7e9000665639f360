package hdf5

import "math/bits"

// lookup3 is the checksum of structure in HDF5: Bob Jenkins's hash of that name
// (2006, public domain), hashlittle with the initial value 0.
func lookup3(k []byte) uint32 {
	a := 0xdeadbeef + uint32(len(k))
	b, c := a, a
	word := func(i int) (w uint32) {
		for j := range 4 {
			if i+j < len(k) {
				w |= uint32(k[i+j]) << (8 * j)
			}
		}
		return w
	}
	for ; len(k) > 12; k = k[12:] {
		a, b, c = a+word(0), b+word(4), c+word(8)
		a, c = (a-c)^bits.RotateLeft32(c, 4), c+b
		b, a = (b-a)^bits.RotateLeft32(a, 6), a+c
		c, b = (c-b)^bits.RotateLeft32(b, 8), b+a
		a, c = (a-c)^bits.RotateLeft32(c, 16), c+b
		b, a = (b-a)^bits.RotateLeft32(a, 19), a+c
		c, b = (c-b)^bits.RotateLeft32(b, 4), b+a
	}
	if len(k) == 0 {
		return c
	}
	a, b, c = a+word(0), b+word(4), c+word(8)
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return c
}
