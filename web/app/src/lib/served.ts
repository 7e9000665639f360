import { digitsAtOnce, type Source } from './source'

const names = ['runs', 'sweeps', 'stage', 'progress', 'epoch', 'warning', 'forming', 'saved', 'again']

async function get(path: string, init?: RequestInit) {
  let response: Response
  try {
    response = await fetch(path, init)
  } catch {
    throw new Error('the server does not answer; is firstspike still running?')
  }
  const text = await response.text()
  let value: { error?: string } & Record<string, unknown>
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error(`the server answers with ${response.status} and nothing that can be read`)
  }
  if (response.status === 202) throw new Error(String(value.waiting), { cause: 503 }) // as if it were busy, but that is no fault
  if (!response.ok) throw new Error(value.error ?? `the server answers with ${response.status}`, { cause: response.status })
  return value as never
}

// served is a server that this page came from.
export function served(): Source {
  const of = (id: string) => 'api/runs/' + encodeURIComponent(id)
  const sweep = (id: string) => 'api/sweeps/' + encodeURIComponent(id)
  return {
    live: true,
    runs: async () => (await get('api/runs') as { runs: never }).runs,
    run: (id) => get(of(id)),
    digits: (id, from) => get(`${of(id)}/digits?from=${from}&n=${digitsAtOnce}`),
    mistakes: (id) => get(of(id) + '/mistakes'),
    doctor: async (id) => (await get(of(id) + '/doctor') as { findings: never }).findings,
    ask: (id, question) => get(of(id) + '/ask', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question) }),
    sweeps: async () => (await get('api/sweeps') as { sweeps: never }).sweeps,
    sweep: (id) => get(sweep(id)),
    point: (id, point) => get(`${sweep(id)}/${point}`),
    // A browser opens six connections to a server, for all of its pages together:
    // a page that nobody sees must not keep one.
    events(heard, connected) {
      let source: EventSource | undefined
      let missed = false
      const close = () => {
        source?.close()
        source = undefined
        missed = true
      }
      const open = () => {
        if (source) return
        source = new EventSource('api/events')
        source.onopen = () => {
          connected(true)
          if (missed) heard('again', {})
        }
        source.onerror = () => connected(false)
        for (const name of names) source.addEventListener(name, (e) => heard(name, JSON.parse((e as MessageEvent).data)))
      }
      const follow = () => (document.hidden ? close() : open())
      follow()
      document.addEventListener('visibilitychange', follow)
      addEventListener('pagehide', close)
      addEventListener('pageshow', follow)
      return () => {
        document.removeEventListener('visibilitychange', follow)
        removeEventListener('pagehide', close)
        removeEventListener('pageshow', follow)
        close()
      }
    },
  }
}
