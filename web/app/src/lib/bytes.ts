// Bytes to base64 and back, and bytes as numbers.

type Native = { fromBase64?: (text: string) => Uint8Array<ArrayBuffer> }

export function decode(text: string | null | undefined): Uint8Array<ArrayBuffer> {
  if (!text) return new Uint8Array(0)
  const native = (Uint8Array as Native).fromBase64
  if (native) return native.call(Uint8Array, text)
  const raw = atob(text)
  const bytes = new Uint8Array(raw.length)
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i)
  return bytes
}

export function encode(bytes: Uint8Array): string {
  const native = (bytes as { toBase64?: () => string }).toBase64
  if (native) return native.call(bytes)
  let raw = ''
  for (let i = 0; i < bytes.length; i += 0x8000) raw += String.fromCharCode(...bytes.subarray(i, i + 0x8000))
  return btoa(raw)
}

export function floats(text: string): Float32Array {
  const bytes = decode(text)
  const view = new DataView(bytes.buffer)
  const list = new Float32Array(bytes.length / 4)
  for (let i = 0; i < list.length; i++) list[i] = view.getFloat32(4 * i, true)
  return list
}

// unpacked is what a file of a static site holds: it is compressed there, but
// a host may have taken that off on the way.
export async function unpacked(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
