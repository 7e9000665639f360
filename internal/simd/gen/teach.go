package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Where the fields of a Lesson lie.
const (
	lessonUp, lessonDown, lessonUntil       = 0, 64, 128
	lessonSteep, lessonSum, lessonFactor    = 192, 256, 320
	lessonLower, lessonUpper, lessonToWhole = 384, 388, 392
)

// parts are the registers of a field that has a number for every lane.
func (s set) parts(lesson reg.Register, field int) []reg.VecVirtual {
	var list []reg.VecVirtual
	for k := range 64 / s.bytes {
		r := s.register()
		VMOVUPS(Mem{Base: lesson, Disp: field + k*s.bytes}, r)
		list = append(list, r)
	}
	return list
}

func (s set) same(lesson reg.Register, field int) reg.VecVirtual {
	r := s.register()
	VBROADCASTSS(Mem{Base: lesson, Disp: field}, r)
	return r
}

// teach goes through the inputs with all that the lanes need in registers.
func teach(s set) {
	TEXT("teach"+s.name, NOSPLIT, "func(w *float32, step int, times *int32, rows int, lesson *float32)")
	Pragma("noescape")
	Doc("teach" + s.name + " is teach for so many rows, step bytes apart, at least one.")
	w, step := Load(Param("w"), GP64()), Load(Param("step"), GP64())
	times, rows := Load(Param("times"), GP64()), Load(Param("rows"), GP64())
	lesson := Load(Param("lesson"), GP64())
	up, down, until := s.parts(lesson, lessonUp), s.parts(lesson, lessonDown), s.parts(lesson, lessonUntil)
	steep := s.parts(lesson, lessonSteep)
	lower, upper := s.same(lesson, lessonLower), s.same(lesson, lessonUpper)
	sums := s.registers(1)
	for _, sum := range sums {
		s.clear(sum)
	}
	Label("row")
	t := s.register()
	VPBROADCASTD(Mem{Base: times}, t)
	for i, sum := range sums {
		at := Mem{Base: w, Disp: i * s.bytes}
		a := s.register()
		VPSUBD(t, until[i], a)
		VCVTDQ2PS(a, a)
		VMULPS(steep[i], a, a)
		VADDPS(up[i], a, a)
		if s.bytes == 64 {
			late := K()
			VPCMPGTD(until[i], t, late)
			VBLENDMPS(down[i], a, late, a)
		} else {
			late := s.register()
			VPCMPGTD(until[i], t, late)
			VBLENDVPS(late, down[i], a, a)
		}
		VADDPS(at, a, a)
		VMAXPS(lower, a, a)
		VMINPS(upper, a, a)
		VMOVUPS(a, at)
		VADDPS(a, sum, sum)
	}
	ADDQ(step, w)
	ADDQ(U8(4), times)
	DECQ(rows)
	JNZ(LabelRef("row"))
	for i, sum := range sums {
		VMOVUPS(sum, Mem{Base: lesson, Disp: lessonSum + i*s.bytes})
	}
	VZEROUPPER()
	RET()
}

// rescale multiplies and rounds.
func rescale(s set) {
	TEXT("rescale"+s.name, NOSPLIT, "func(w *float32, q *int32, step int, rows int, lesson *float32)")
	Pragma("noescape")
	Doc("rescale" + s.name + " is rescale for so many rows, step bytes apart, at least one.")
	w, q, step := Load(Param("w"), GP64()), Load(Param("q"), GP64()), Load(Param("step"), GP64())
	rows, lesson := Load(Param("rows"), GP64()), Load(Param("lesson"), GP64())
	factor, scale := s.parts(lesson, lessonFactor), s.same(lesson, lessonToWhole)
	lower, upper := s.same(lesson, lessonLower), s.same(lesson, lessonUpper)
	Label("row")
	for i := range factor {
		v, whole := s.register(), s.register()
		VMULPS(Mem{Base: w, Disp: i * s.bytes}, factor[i], v)
		VMAXPS(lower, v, v)
		VMINPS(upper, v, v)
		VMOVUPS(v, Mem{Base: w, Disp: i * s.bytes})
		VMULPS(scale, v, whole)
		VCVTPS2DQ(whole, whole)
		s.store(whole, Mem{Base: q, Disp: i * s.bytes})
	}
	ADDQ(step, w)
	ADDQ(step, q)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}
