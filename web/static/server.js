// Telling the server what was done. Nothing here ever stops the agent's work.

const JSON_HEADERS = { "Content-Type": "application/json" };

export async function post(address, body) {
  try {
    const response = await fetch(`/api/v1${address}`, {
      method: "POST", keepalive: true, headers: JSON_HEADERS, body: JSON.stringify(body),
    });
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

// One thing done with an item shown; the key lets it count once however often it is sent.
export function tell(option, action, more = {}) {
  if (!option.dataset.impression) return Promise.resolve(null); // shown though it could not be recorded
  const body = { action, event_key: crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}`, ...more };
  return post(`/impressions/${option.dataset.impression}/events`, body);
}

export async function takeBack(told) {
  const event = await told;
  if (event) await post(`/events/${event.event_id}/undo`, {});
}
