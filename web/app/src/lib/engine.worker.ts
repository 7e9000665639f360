import '../../../engine/wasm_exec.js'
import { unpacked } from './bytes'

// The engine runs here, beside the page, which stays free to draw.

declare const Go: new () => { importObject: WebAssembly.Imports; run(i: WebAssembly.Instance): Promise<void> }

type Engine = { load(id: string, bytes: Uint8Array): string; ask(id: string, question: string): string }

const scope = globalThis as unknown as { firstspike: Engine; firstspikeReady: () => void }
const loaded = new Map<string, Promise<void>>()

async function start(base: string): Promise<Engine> {
  const go = new Go()
  const module = await fetched(base + 'engine.bin')
  const { instance } = await WebAssembly.instantiate(module, go.importObject)
  await new Promise<void>((ready) => {
    scope.firstspikeReady = ready
    void go.run(instance)
  })
  return scope.firstspike
}

async function fetched(path: string) {
  const response = await fetch(path)
  if (!response.ok) throw new Error(`${path} is not there (${response.status}): the site is incomplete`)
  return unpacked(response)
}

let engine: Promise<Engine> | undefined

// The engine and the network come at the same time.
async function load(base: string, id: string) {
  const network = fetched(`${base}data/${id}/network.bin`)
  engine ??= start(base)
  const fault = (await engine).load(id, await network)
  if (fault) throw new Error(fault)
}

onmessage = async (e: MessageEvent<{ number: number; base: string; id: string; question: string }>) => {
  const { number, base, id, question } = e.data
  try {
    let ready = loaded.get(id)
    if (!ready) loaded.set(id, (ready = load(base, id)))
    await ready
    const text = (await engine!).ask(id, question)
    postMessage({ number, text })
  } catch (fault) {
    loaded.delete(id)
    postMessage({ number, text: JSON.stringify({ error: fault instanceof Error ? fault.message : String(fault) }) })
  }
}
