package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// correlate takes four registers of sums of each kernel at a time, or two
// where no more are left.
func correlate(s set) {
	TEXT("correlate"+s.name, NOSPLIT, "func(out0 *float64, out1 *float64, units int, src *float64, offs *int32, w *float64, fours int, twos int, ones int)")
	Pragma("noescape")
	Doc("correlate" + s.name + " is correlate for units*16 sums of both kernels.")
	out0, out1, units := Load(Param("out0"), GP64()), Load(Param("out1"), GP64()), Load(Param("units"), GP64())
	src := Load(Param("src"), GP64())
	offs, w := argument("offs"), argument("w")
	most := 4 * s.bytes / 128
	v := s.registers(s.bytes / 4)
	chunks(units, most, func(n int) {
		k := n * 128 / s.bytes // registers
		sums0, sums1, group := v[:k], v[4:4+k], v[8:8+k]
		for i := range k {
			s.clear(sums0[i])
			s.clear(sums1[i])
		}
		taps, weights, left, o := GP64(), GP64(), GP64(), GP64()
		MOVQ(offs, taps)
		MOVQ(w, weights)
		for _, size := range []struct {
			taps  int
			count string
		}{{4, "fours"}, {2, "twos"}, {1, "ones"}} {
			name := fmt.Sprintf("%s%d", size.count, n)
			MOVQ(argument(size.count), left)
			JMP(LabelRef("test" + name))
			Label(name)
			for t := range size.taps {
				MOVLQSX(Mem{Base: taps, Disp: 4 * t}, o)
				for i, r := range group {
					at := Mem{Base: src, Index: o, Scale: 8, Disp: i * s.bytes}
					if t == 0 {
						VMOVUPD(at, r)
					} else {
						VADDPD(at, r, r)
					}
				}
			}
			a, b := v[12], v[13]
			VBROADCASTSD(Mem{Base: weights}, a)
			VBROADCASTSD(Mem{Base: weights, Disp: 8}, b)
			for i, r := range group {
				VFMADD231PD(r, a, sums0[i])
				VFMADD231PD(r, b, sums1[i])
			}
			ADDQ(U8(uint8(4*size.taps)), taps)
			ADDQ(U8(16), weights)
			DECQ(left)
			Label("test" + name)
			TESTQ(left, left)
			JNZ(LabelRef(name))
		}
		for i := range k {
			VMOVUPD(sums0[i], Mem{Base: out0, Disp: i * s.bytes})
			VMOVUPD(sums1[i], Mem{Base: out1, Disp: i * s.bytes})
		}
		ADDQ(U32(uint32(128*n)), out0)
		ADDQ(U32(uint32(128*n)), out1)
		ADDQ(U32(uint32(128*n)), src)
	})
}

// addFloats and cut go through all numbers 64 bytes at a time.
func addFloats(s set) {
	TEXT("addFloats"+s.name, NOSPLIT, "func(dst *float64, a *float64, b *float64, units int)")
	Pragma("noescape")
	Doc("addFloats" + s.name + " is addFloats for units*8 numbers, at least one unit.")
	dst, a, b, units := Load(Param("dst"), GP64()), Load(Param("a"), GP64()), Load(Param("b"), GP64()), Load(Param("units"), GP64())
	Label("unit")
	for k := range 64 / s.bytes {
		v := s.register()
		VMOVUPD(Mem{Base: a, Disp: k * s.bytes}, v)
		VADDPD(Mem{Base: b, Disp: k * s.bytes}, v, v)
		VMOVUPD(v, Mem{Base: dst, Disp: k * s.bytes})
	}
	for _, p := range []reg.Register{dst, a, b} {
		ADDQ(U8(64), p)
	}
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}

// slideRows keeps the sums of some columns while it goes down the rows.
func slideRows(s set) {
	TEXT("slideRows"+s.name, NOSPLIT, "func(dst *float64, src *float64, units int, stride int, rows int, radius int)")
	Pragma("noescape")
	Doc("slideRows" + s.name + " is slideRows for rows of units*8 numbers, which begin so many bytes (stride) one after another.")
	dst, src, units := Load(Param("dst"), GP64()), Load(Param("src"), GP64()), Load(Param("units"), GP64())
	stride := Load(Param("stride"), GP64())
	chunks(units, s.bytes/8, func(n int) {
		sums := s.registers(n)
		for _, r := range sums {
			s.clear(r)
		}
		enter, leave, to, left, add, skip := GP64(), GP64(), GP64(), GP64(), GP64(), GP64()
		MOVQ(src, enter)
		MOVQ(src, leave)
		MOVQ(dst, to)
		MOVQ(argument("rows"), add)
		MOVQ(argument("radius"), skip)
		MOVQ(add, left)
		// The rows that the window of the first one sees besides it.
		CMPQ(skip, left)
		CMOVQLT(skip, left)
		JMP(LabelRef(fmt.Sprintf("testfirst%d", n)))
		Label(fmt.Sprintf("first%d", n))
		for k, r := range sums {
			VADDPD(Mem{Base: enter, Disp: k * s.bytes}, r, r)
		}
		ADDQ(stride, enter)
		DECQ(add)
		DECQ(left)
		Label(fmt.Sprintf("testfirst%d", n))
		TESTQ(left, left)
		JNZ(LabelRef(fmt.Sprintf("first%d", n)))
		MOVQ(argument("rows"), left)
		Label(fmt.Sprintf("row%d", n))
		TESTQ(add, add)
		JZ(LabelRef(fmt.Sprintf("all%d", n)))
		for k, r := range sums {
			VADDPD(Mem{Base: enter, Disp: k * s.bytes}, r, r)
		}
		ADDQ(stride, enter)
		DECQ(add)
		Label(fmt.Sprintf("all%d", n))
		DECQ(skip)
		CMPQ(skip, I32(-1))
		JGE(LabelRef(fmt.Sprintf("near%d", n)))
		// The row that the window has left.
		for k, r := range sums {
			VSUBPD(Mem{Base: leave, Disp: k * s.bytes}, r, r)
		}
		ADDQ(stride, leave)
		Label(fmt.Sprintf("near%d", n))
		for k, r := range sums {
			VMOVUPD(r, Mem{Base: to, Disp: k * s.bytes})
		}
		ADDQ(stride, to)
		DECQ(left)
		JNZ(LabelRef(fmt.Sprintf("row%d", n)))
		ADDQ(U32(uint32(64*n)), dst)
		ADDQ(U32(uint32(64*n)), src)
	})
}

// cut compares and clears; a byte of bits stands for eight numbers.
func cut(s set) {
	TEXT("cut"+s.name, NOSPLIT, "func(v *float64, valid *uint8, bits *uint8, units int, threshold float64)")
	Pragma("noescape")
	Doc("cut" + s.name + " is cut for units*8 numbers, at least one unit.")
	v, valid, bits, units := Load(Param("v"), GP64()), Load(Param("valid"), GP64()), Load(Param("bits"), GP64()), Load(Param("units"), GP64())
	bound := s.register()
	VBROADCASTSD(Load(Param("threshold"), XMM()), bound)
	Label("unit")
	word, use := GP32(), GP32()
	MOVBLZX(Mem{Base: valid}, use)
	if s.bytes == 64 {
		x, k, u := ZMM(), K(), K()
		KMOVW(use, u)
		VMOVUPD(Mem{Base: v}, x)
		VCMPPD(U8(0x0d), bound, x, u, k) // at least
		VMOVAPD_Z(x, k, x)
		VMOVUPD(x, Mem{Base: v})
		KMOVW(k, word)
	} else {
		XORL(word, word)
		for i := range 2 {
			x, m, b := YMM(), YMM(), GP32()
			VMOVUPD(Mem{Base: v, Disp: 32 * i}, x)
			VCMPPD(U8(0x0d), bound, x, m)
			VANDPD(m, lanes64(use, i), m)
			VANDPD(x, m, x)
			VMOVUPD(x, Mem{Base: v, Disp: 32 * i})
			VMOVMSKPD(m, b)
			if i == 1 {
				SHLL(U8(4), b)
			}
			ORL(b, word)
		}
	}
	MOVB(word.As8(), Mem{Base: bits})
	ADDQ(U8(64), v)
	INCQ(valid)
	INCQ(bits)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}

// lanes64 widens four of the bits of a mask to four lanes of ones or zeros.
func lanes64(bits reg.Register, half int) reg.VecVirtual {
	v, order := YMM(), YMM()
	VMOVD(bits, v.AsX())
	VPBROADCASTQ(v.AsX(), v)
	VMOVDQU(laneBits64.Offset(32*half), order)
	VPAND(order, v, v)
	VPCMPEQQ(order, v, v)
	return v
}

// pick stores whole registers, of which the next ones overwrite what is too
// much. AVX2 cannot move numbers together.
func pick() {
	TEXT("pickAVX512", NOSPLIT, "func(values *float64, boxes *float64, keys *uint64, v *float64, box *float64, place *int32, bits *uint8, units int, add int32) int")
	Pragma("noescape")
	Doc("pickAVX512 is pick for units bytes of bits, at least one.")
	values, boxes, keys := Load(Param("values"), GP64()), Load(Param("boxes"), GP64()), Load(Param("keys"), GP64())
	v, box, place := Load(Param("v"), GP64()), Load(Param("box"), GP64()), Load(Param("place"), GP64())
	bits, units := Load(Param("bits"), GP64()), Load(Param("units"), GP64())
	add, found := YMM(), GP64()
	VPBROADCASTD(Load(Param("add"), GP32()), add)
	XORQ(found, found)
	Label("unit")
	word := GP64()
	MOVBQZX(Mem{Base: bits}, word)
	TESTQ(word, word)
	JZ(LabelRef("none"))
	k, x, at := K(), ZMM(), YMM()
	KMOVW(word.As32(), k)
	VMOVUPD(Mem{Base: v}, x)
	VCOMPRESSPD_Z(x, k, x)
	VMOVUPD(x, Mem{Base: values, Index: found, Scale: 8})
	VMOVUPD(Mem{Base: box}, x)
	VCOMPRESSPD_Z(x, k, x)
	VMOVUPD(x, Mem{Base: boxes, Index: found, Scale: 8})
	VPADDD(Mem{Base: place}, add, at)
	VPMOVZXDQ(at, x)
	VPCOMPRESSQ_Z(x, k, x)
	VMOVDQU64(x, Mem{Base: keys, Index: found, Scale: 8})
	POPCNTL(word.As32(), word.As32())
	ADDQ(word, found)
	Label("none")
	ADDQ(U8(64), v)
	ADDQ(U8(64), box)
	ADDQ(U8(32), place)
	INCQ(bits)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	Store(found, ReturnIndex(0))
	RET()
}

// ratios divides twice and rounds once.
func ratios(s set) {
	TEXT("ratios"+s.name, NOSPLIT, "func(dst *float32, v *float64, box *float64, units int, area float64, least float64)")
	Pragma("noescape")
	Doc("ratios" + s.name + " is ratios for units*8 numbers, at least one unit.")
	dst, v, box, units := Load(Param("dst"), GP64()), Load(Param("v"), GP64()), Load(Param("box"), GP64()), Load(Param("units"), GP64())
	area, least := s.register(), s.register()
	VBROADCASTSD(Load(Param("area"), XMM()), area)
	VBROADCASTSD(Load(Param("least"), XMM()), least)
	Label("unit")
	for k := range 64 / s.bytes {
		x, y := s.register(), s.register()
		VMOVUPD(Mem{Base: box, Disp: k * s.bytes}, x)
		VDIVPD(area, x, x)
		VADDPD(least, x, x)
		VMOVUPD(Mem{Base: v, Disp: k * s.bytes}, y)
		VDIVPD(x, y, y)
		if s.bytes == 64 {
			f := YMM()
			VCVTPD2PS(y, f)
			VMOVUPS(f, Mem{Base: dst})
		} else {
			f := XMM()
			VCVTPD2PSY(y, f)
			VMOVUPS(f, Mem{Base: dst, Disp: 16 * k})
		}
	}
	ADDQ(U8(32), dst)
	ADDQ(U8(64), v)
	ADDQ(U8(64), box)
	DECQ(units)
	JNZ(LabelRef("unit"))
	VZEROUPPER()
	RET()
}
