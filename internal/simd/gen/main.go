// Command gen writes the amd64 kernels of package simd:
//
//	cd internal/simd/gen && go run . -out ../kernels_amd64.s -stubs ../kernels_amd64.go -pkg simd
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A set is an instruction set: registers of so many bytes, and how many of
// them serve as accumulators.
type set struct {
	name  string
	bytes int
	most  int // accumulators, in units of 64 bytes
}

func (s set) register() reg.VecVirtual {
	if s.bytes == 64 {
		return ZMM()
	}
	return YMM()
}

// registers are those that hold n units of 64 bytes, by their names, because
// clearing a register with itself looks to the allocator like a use before
// its first value.
func (s set) registers(n int) []reg.VecPhysical {
	z := []reg.VecPhysical{reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15}
	y := []reg.VecPhysical{reg.Y0, reg.Y1, reg.Y2, reg.Y3, reg.Y4, reg.Y5, reg.Y6, reg.Y7, reg.Y8, reg.Y9, reg.Y10, reg.Y11, reg.Y12, reg.Y13, reg.Y14, reg.Y15}
	if s.bytes == 64 {
		return z[:n]
	}
	return y[:2*n]
}

func (s set) clear(r reg.VecPhysical) {
	if s.bytes == 64 {
		VPXORD(r, r, r)
	} else {
		VPXOR(r, r, r)
	}
}

func main() {
	ConstraintExpr("amd64")
	data()
	for _, s := range []set{{"AVX2", 32, 7}, {"AVX512", 64, 16}} {
		sumWindow(s)
		countRow(s)
		above(s)
		over(s)
		most(s)
		lift(s)
		sumBytes(s)
		sumQuarters(s)
		narrow(s)
		rise(s)
		scatter(s)
		earliest(s)
		sumMasked(s)
		sumPicked(s)
		learn(s)
		teach(s)
		rescale(s)
		correlate(s)
		addFloats(s)
		slideRows(s)
		cut(s)
		ratios(s)
	}
	pick()
	Generate()
}

// chunks writes a body for every number of units up to most, and goes through
// all units in chunks as large as are left, most at the most.
func chunks(units reg.Register, most int, body func(n int)) {
	Label("next")
	for n := most; n >= 1; n-- {
		CMPQ(units, U32(uint32(n)))
		JGE(LabelRef(fmt.Sprintf("wide%d", n)))
	}
	VZEROUPPER()
	RET()
	for n := most; n >= 1; n-- {
		Label(fmt.Sprintf("wide%d", n))
		body(n)
		SUBQ(U32(uint32(n)), units)
		JMP(LabelRef("next"))
	}
}

// over compares register by register.
func over(s set) {
	TEXT("over"+s.name, NOSPLIT, "func(mask *uint64, a *int32, units int, limit int32) bool")
	Pragma("noescape")
	Doc("over" + s.name + " is over for units*16 elements, at least one unit.")
	mask, a, units := Load(Param("mask"), GP64()), Load(Param("a"), GP64()), Load(Param("units"), GP64())
	limit := Load(Param("limit"), GP32())
	bound, x, any := s.register(), XMM(), GP32()
	VMOVD(limit, x)
	VPBROADCASTD(x, bound)
	XORL(any, any)
	Label("unit")
	for k := range 64 / s.bytes {
		bits := GP32()
		if s.bytes == 64 {
			above := K()
			v := s.register()
			s.load(Mem{Base: a}, v)
			VPCMPGTD(bound, v, above)
			KMOVW(above, bits)
			MOVW(bits.As16(), Mem{Base: mask})
		} else {
			v := YMM()
			s.load(Mem{Base: a, Disp: 32 * k}, v)
			VPCMPGTD(bound, v, v)
			VMOVMSKPS(v, bits)
			MOVB(bits.As8(), Mem{Base: mask, Disp: k})
		}
		ORL(bits, any)
	}
	ADDQ(U8(64), a)
	ADDQ(U8(2), mask)
	DECQ(units)
	JNZ(LabelRef("unit"))
	out := GP8()
	TESTL(any, any)
	SETNE(out)
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}

// above takes the element-wise maximum of all and compares once.
func above(s set) {
	TEXT("above"+s.name, NOSPLIT, "func(a *int32, units int, limit int32) bool")
	Pragma("noescape")
	Doc("above" + s.name + " is above for units*16 elements, at least one unit.")
	a, units := Load(Param("a"), GP64()), Load(Param("units"), GP64())
	limit := Load(Param("limit"), GP32())
	bound, top := s.register(), s.register()
	x := XMM()
	VMOVD(limit, x)
	VPBROADCASTD(x, bound)
	if s.bytes == 64 {
		VMOVDQA64(bound, top)
	} else {
		VMOVDQA(bound, top)
	}
	Label("unit")
	for k := range 64 / s.bytes {
		VPMAXSD(Mem{Base: a, Disp: k * s.bytes}, top, top)
	}
	ADDQ(U32(64), a)
	DECQ(units)
	JNZ(LabelRef("unit"))
	out := GP8()
	if s.bytes == 64 {
		k, bits := K(), GP32()
		VPCMPGTD(bound, top, k)
		KMOVW(k, bits)
		TESTL(bits, bits)
		SETNE(out)
	} else {
		over := YMM()
		VPCMPGTD(bound, top, over)
		VPTEST(over, over)
		SETNE(out)
	}
	VZEROUPPER()
	Store(out, ReturnIndex(0))
	RET()
}
