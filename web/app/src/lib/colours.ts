// Colours that mean a number. All scales differ in lightness from end to end,
// so that they can be read without colours.

export type RGB = [number, number, number]

// plasma (S. van der Walt, N. Smith; CC0) at nine places.
const plasma: RGB[] = [
  [13, 8, 135], [76, 2, 161], [126, 3, 168], [170, 35, 149], [204, 71, 120], [230, 108, 92], [248, 149, 64], [253, 197, 39], [240, 249, 33],
]

function at(scale: RGB[], x: number): RGB {
  const f = Math.max(0, Math.min(1, x)) * (scale.length - 1)
  const i = Math.min(scale.length - 2, Math.floor(f))
  return mix(scale[i], scale[i + 1], f - i)
}

export function mix(a: RGB, b: RGB, f: number): RGB {
  return [a[0] + (b[0] - a[0]) * f, a[1] + (b[1] - a[1]) * f, a[2] + (b[2] - a[2]) * f]
}

export type Palette = {
  dark: boolean
  ground: RGB // where nothing fires
  gap: RGB // between maps
  flash: RGB // a neuron that fires now
  time(step: number, steps: number): RGB // early stands out, late fades
  signed(v: number): RGB // -1 to 1: for the runner-up, for the winner
  result(share: number): RGB // 0 to 1: the best stand out, the worst fade
}

function palette(dark: boolean): Palette {
  const ground: RGB = dark ? [11, 10, 16] : [239, 237, 242]
  const middle: RGB = dark ? [26, 23, 36] : [255, 255, 255]
  const plus: RGB = dark ? [96, 170, 245] : [11, 82, 160]
  const minus: RGB = dark ? [250, 140, 70] : [184, 66, 8]
  return {
    dark,
    ground,
    gap: dark ? [26, 23, 36] : [255, 255, 255],
    flash: dark ? [255, 255, 255] : [0, 0, 0],
    time: (step, steps) => at(plasma, dark ? 1 - (step / Math.max(1, steps - 1)) * 0.82 : (step / Math.max(1, steps - 1)) * 0.84),
    result: (share) => at(plasma, dark ? 0.2 + 0.8 * share : (1 - share) * 0.86),
    signed: (v) => mix(middle, v > 0 ? plus : minus, Math.sqrt(Math.min(1, Math.abs(v)))),
  }
}

export const palettes = { light: palette(false), dark: palette(true) }

export function css(c: RGB): string {
  return `rgb(${c.map(Math.round).join(' ')})`
}

// pixel is a colour as an ImageData has it, seen as 32 bits.
export function pixel(c: RGB): number {
  return (255 << 24) | (Math.round(c[2]) << 16) | (Math.round(c[1]) << 8) | Math.round(c[0])
}
