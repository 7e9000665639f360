package main

import (
	"fmt"
	"strings"
)

// Registers, by their numbers.
type (
	general int
	vector  int
)

func (r general) String() string { return fmt.Sprintf("R%d", int(r)) }

// as is how Go's assembler names the lanes of a register, and f the register
// in instructions for floats.
func (v vector) as(lanes string) string { return fmt.Sprintf("V%d.%s", int(v), lanes) }
func (v vector) f() string              { return fmt.Sprintf("F%d", int(v)) }

func imm(n int) string                { return fmt.Sprintf("$%d", n) }
func at(base general, off int) string { return fmt.Sprintf("%d(%v)", off, base) }

// shifted is a register shifted to the left.
func shifted(r general, n int) string { return fmt.Sprintf("%v<<%d", r, n) }

// op writes an instruction as Go's assembler takes it, the result last.
func op(name string, operands ...any) {
	words := make([]string, len(operands))
	for i, o := range operands {
		words[i] = fmt.Sprint(o)
	}
	code.WriteString(strings.TrimRight("\t"+name+" "+strings.Join(words, ", "), " ") + "\n")
}

func label(name string) { code.WriteString(name + ":\n") }

// load and store move registers, two at a time as long as there are two.
func load(base general, off int, v ...vector) {
	for ; len(v) > 1; v, off = v[2:], off+32 {
		op("FLDPQ", at(base, off), fmt.Sprintf("(%s, %s)", v[0].f(), v[1].f()))
	}
	if len(v) > 0 {
		op("FMOVQ", at(base, off), v[0].f())
	}
}

func store(base general, off int, v ...vector) {
	for ; len(v) > 1; v, off = v[2:], off+32 {
		op("FSTPQ", fmt.Sprintf("(%s, %s)", v[0].f(), v[1].f()), at(base, off))
	}
	if len(v) > 0 {
		op("FMOVQ", v[0].f(), at(base, off))
	}
}

// Instructions on lanes that Go's assembler has.

func vadd(lanes string, d, n, m vector)      { op("VADD", m.as(lanes), n.as(lanes), d.as(lanes)) }
func vsub(lanes string, d, n, m vector)      { op("VSUB", m.as(lanes), n.as(lanes), d.as(lanes)) }
func addp(lanes string, d, n, m vector)      { op("VADDP", m.as(lanes), n.as(lanes), d.as(lanes)) }
func uzp1(lanes string, d, n, m vector)      { op("VUZP1", m.as(lanes), n.as(lanes), d.as(lanes)) }
func cmtst(lanes string, d, n, m vector)     { op("VCMTST", m.as(lanes), n.as(lanes), d.as(lanes)) }
func umax(lanes string, d, n, m vector)      { op("VUMAX", m.as(lanes), n.as(lanes), d.as(lanes)) }
func and(d, n, m vector)                     { op("VAND", m.as("B16"), n.as("B16"), d.as("B16")) }
func eor(d, n, m vector)                     { op("VEOR", m.as("B16"), n.as("B16"), d.as("B16")) }
func orr(d, n, m vector)                     { op("VORR", m.as("B16"), n.as("B16"), d.as("B16")) }
func bsl(d, n, m vector)                     { op("VBSL", m.as("B16"), n.as("B16"), d.as("B16")) }
func mov(d, n vector)                        { op("VMOV", n.as("B16"), d.as("B16")) }
func zero(d vector)                          { eor(d, d, d) }
func shl(lanes string, d, n vector, by int)  { op("VSHL", imm(by), n.as(lanes), d.as(lanes)) }
func ushr(lanes string, d, n vector, by int) { op("VUSHR", imm(by), n.as(lanes), d.as(lanes)) }
func usra(lanes string, d, n vector, by int) { op("VUSRA", imm(by), n.as(lanes), d.as(lanes)) }
func dup(lanes string, d vector, r general)  { op("VDUP", r, d.as(lanes)) }

// Instructions that it lacks. A word is put together from the fields of its
// class in the Arm Architecture Reference Manual; Q is 1 throughout, for whole
// registers, where not said otherwise.

func word(bits uint32, format string, operands ...any) {
	fmt.Fprintf(&code, "\tWORD $0x%08x // %s\n", bits, fmt.Sprintf(format, operands...))
}

// same is of the class of three registers of the same kind.
func same(u, size, opcode uint32, name, lanes string, d, n, m vector) {
	word(0x4e200400|u<<29|size<<22|uint32(m)<<16|opcode<<11|uint32(n)<<5|uint32(d),
		"%s v%d.%s, v%d.%s, v%d.%s", name, d, lanes, n, lanes, m, lanes)
}

func smax4s(d, n, m vector)   { same(0, 0b10, 0b01100, "smax", "4s", d, n, m) }
func umin4s(d, n, m vector)   { same(1, 0b10, 0b01101, "umin", "4s", d, n, m) }
func cmgt4s(d, n, m vector)   { same(0, 0b10, 0b00110, "cmgt", "4s", d, n, m) }
func cmhs16b(d, n, m vector)  { same(1, 0b00, 0b00111, "cmhs", "16b", d, n, m) }
func uqadd16b(d, n, m vector) { same(1, 0b00, 0b00001, "uqadd", "16b", d, n, m) }
func uqsub16b(d, n, m vector) { same(1, 0b00, 0b00101, "uqsub", "16b", d, n, m) }

func fadd4s(d, n, m vector)  { same(0, 0b00, 0b11010, "fadd", "4s", d, n, m) }
func fsub4s(d, n, m vector)  { same(0, 0b10, 0b11010, "fsub", "4s", d, n, m) }
func fmul4s(d, n, m vector)  { same(1, 0b00, 0b11011, "fmul", "4s", d, n, m) }
func fmax4s(d, n, m vector)  { same(0, 0b00, 0b11110, "fmax", "4s", d, n, m) }
func fmin4s(d, n, m vector)  { same(0, 0b10, 0b11110, "fmin", "4s", d, n, m) }
func fadd2d(d, n, m vector)  { same(0, 0b01, 0b11010, "fadd", "2d", d, n, m) }
func fsub2d(d, n, m vector)  { same(0, 0b11, 0b11010, "fsub", "2d", d, n, m) }
func fdiv2d(d, n, m vector)  { same(1, 0b01, 0b11111, "fdiv", "2d", d, n, m) }
func fcmge2d(d, n, m vector) { same(1, 0b01, 0b11100, "fcmge", "2d", d, n, m) }

// two is of the class of two registers.
func two(q, size, opcode uint32, name, to, from string, d, n vector) {
	word(0x0e200800|q<<30|size<<22|opcode<<12|uint32(n)<<5|uint32(d), "%s v%d.%s, v%d.%s", name, d, to, n, from)
}

func scvtf4s(d, n vector)  { two(1, 0b00, 0b11101, "scvtf", "4s", "4s", d, n) }
func fcvtzs4s(d, n vector) { two(1, 0b10, 0b11011, "fcvtzs", "4s", "4s", d, n) } // towards zero
func fcvtns4s(d, n vector) { two(1, 0b00, 0b11010, "fcvtns", "4s", "4s", d, n) } // to the nearest, half to even
func fcvtn2s(d, n vector)  { two(0, 0b01, 0b10110, "fcvtn", "2s", "2d", d, n) }  // Q 0: into the low half
func fcvtn4s(d, n vector)  { two(1, 0b01, 0b10110, "fcvtn2", "4s", "2d", d, n) } // into the high half

// across is of the class that goes across the lanes of a register.
func across(u, size, opcode uint32, name, to, lanes string, d, n vector) {
	word(0x4e300800|u<<29|size<<22|opcode<<12|uint32(n)<<5|uint32(d), "%s %s%d, v%d.%s", name, to, d, n, lanes)
}

func smaxv4s(d, n vector)   { across(0, 0b10, 0b01010, "smaxv", "s", "4s", d, n) }
func uaddlv16b(d, n vector) { across(1, 0b00, 0b00011, "uaddlv", "h", "16b", d, n) }
func umaxv16b(d, n vector)  { across(1, 0b00, 0b01010, "umaxv", "b", "16b", d, n) }

// fmla2d adds to d the product of n and one lane of m. It is of the class by
// element.
func fmla2d(d, n, m vector, lane int) {
	word(0x4fc01000|uint32(m)<<16|uint32(lane)<<11|uint32(n)<<5|uint32(d),
		"fmla v%d.2d, v%d.2d, v%d.d[%d]", d, n, m, lane)
}
