// The dashboard: what the gateway's HTTP API says, drawn.
//
// Reads only. Everything that the API returns is hostile text (labels and prover messages come from strangers), so it
// reaches the page as text nodes and never as markup, and every id is escaped before it enters a path.
// The API key lives in this tab's session storage and in the Authorization header, nowhere else.

const API = new URL('../', window.location.href);
const KEY_SLOT = 'sheaf.key';
const POLL_MS = 1000;
/** How often a page that nobody looks at asks. */
const HIDDEN_POLL_MS = 20000;
const LONGEST_BACKOFF_MS = 30000;
const REQUEST_LIMIT_MS = 15000;
/** Longest silence of an event stream; the gateway's heartbeats are more frequent. */
const SILENCE_LIMIT_MS = 45000;
const MAX_EVENT_CHARS = 1 << 20;
const JOBS_SHOWN = 50;
const FINAL = new Set(['aggregated', 'failed', 'cancelled']);
const KNOWN_STATUS = new Set(['accepted', 'routed', 'proving', 'verified', 'batched', ...FINAL]);

// --- The page -------------------------------------------------------------------------------------------------------

const $ = (id) => document.getElementById(id);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'onclick') node.addEventListener('click', value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  // `append` makes text nodes of strings.
  node.append(...children.flat(2).filter((child) => child !== undefined && child !== null && child !== false));
  return node;
}

const el = (name, attributes = {}, ...children) => fill(document.createElement(name), attributes, children);
const svg = (name, attributes = {}, ...children) =>
  fill(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

const shown = new WeakMap();

/** Builds a node's content anew only if what it shows has changed, so that focus and selection survive. */
function render(node, data, build) {
  const state = JSON.stringify(data);
  if (shown.get(node) === state) return;
  shown.set(node, state);
  node.replaceChildren(...[build(data)].flat().filter(Boolean));
}

/** Keeps a parent's children in step with a list; each keeps its element for as long as its key is in the list. */
function sync(parent, items, keyOf, create, update) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let child = old.get(key);
    old.delete(key);
    if (!child) {
      child = create(item);
      child.dataset.key = key;
    }
    if (child === place) place = place.nextElementSibling;
    else parent.insertBefore(child, place);
    update(child, item);
  }
  for (const child of old.values()) child.remove();
}

// --- Words ----------------------------------------------------------------------------------------------------------

/** How far the gateway's clock is from ours. */
let skewMs = 0;
const now = () => Date.now() + skewMs;

function duration(ms) {
  const sign = ms < 0 ? '−' : '';
  const abs = Math.abs(ms);
  if (abs < 1000) return `${sign}${Math.round(abs)} ms`;
  if (abs < 60000) return `${sign}${(abs / 1000).toFixed(abs < 10000 ? 1 : 0).replace(/\.0$/, '')} s`;
  const units = [[86400000, 'd', 3600000, 'h'], [3600000, 'h', 60000, 'min'], [60000, 'min', 1000, 's']];
  const [size, unit, small, smallUnit] = units.find(([each]) => abs >= each);
  const rest = Math.floor((abs % size) / small);
  return `${sign}${Math.floor(abs / size)} ${unit}${rest ? ` ${rest} ${smallUnit}` : ''}`;
}

/** One unit is enough to tell how old something is, and does not flicker. */
function age(ms) {
  const passed = Math.max(0, now() - ms);
  if (passed < 1000) return 'now';
  const [size, unit] = [[86400000, 'd'], [3600000, 'h'], [60000, 'min'], [1000, 's']].find(([each]) => passed >= each);
  return `${Math.floor(passed / size)} ${unit}`;
}
const time = (ms) => {
  const at = new Date(ms);
  return el('time', { datetime: at.toISOString(), title: at.toISOString() }, at.toLocaleString());
};
const usd = (text) => `$${text}`;
const microUsd = (micros) => usd((micros / 1e6).toFixed(6));
const number = (value) => (Number.isInteger(value) ? value.toLocaleString('en') : Number(value.toPrecision(6)).toString());
const percent = (ppm) => `${(ppm / 10000).toLocaleString('en', { maximumFractionDigits: 1 })} %`;
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? '' : 's'}`;
const words = (name) => String(name).replaceAll('_', ' ');
/** The two ends of an id: the beginning says what it is, the end tells it from its neighbours. */
const short = (id) => {
  const text = String(id);
  return text.length > 17 ? `${text.slice(0, 8)}…${text.slice(-6)}` : text;
};

const mono = (text, full = text) => el('code', { title: full === text ? undefined : full }, text);
const muted = (...children) => el('span', { class: 'muted' }, ...children);

function chip(status) {
  const known = KNOWN_STATUS.has(status) ? status : 'other';
  return el('span', { class: `chip s-${known}`, 'data-testid': 'status', 'data-status': status }, status);
}

/**
 * Proven and attested differ in shape, in symbol and in word, so that nobody needs to see the colour. Nothing is called
 * proven before it is: what only will be has a badge without a tick.
 */
function tierBadge(tier, settled) {
  if (!tier) return muted('—');
  const known = tier === 'proven' || tier === 'attested' ? tier : 'other';
  const sign = settled ? { proven: '✓', attested: '✎', other: '?' }[known] : '…';
  const title = {
    proven: settled ? 'verified inside the recursion: nothing to trust but mathematics' : 'to be verified inside the recursion of its batch',
    attested: 'not proven: the operator verifies the proof and says so under a signature',
  }[known];
  return el('span', {
    class: `tier t-${known}${settled ? '' : ' pending'}`, title, 'data-testid': 'tier', 'data-tier': tier, 'data-settled': settled ? 'true' : 'false',
  }, el('span', { 'aria-hidden': 'true' }, sign), settled ? ` ${tier}` : ` to be ${tier}`);
}

const attestedNotice = (what) => el('p', { class: 'notice attested-notice', 'data-testid': 'attested-notice' },
  el('strong', {}, '✎ Attested, not proven. '),
  `${what} rests on the operator’s signature: whoever relies on it trusts the operator and not mathematics.`);

function facts(pairs) {
  const rows = pairs.filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '');
  return el('dl', { class: 'facts' }, rows.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))));
}

// --- The API --------------------------------------------------------------------------------------------------------

const session = {
  key: window.sessionStorage.getItem(KEY_SLOT),
  remember(key) {
    this.key = key;
    window.sessionStorage.setItem(KEY_SLOT, key);
  },
  forget() {
    this.key = null;
    window.sessionStorage.removeItem(KEY_SLOT);
  },
};

class Refusal extends Error {
  constructor(status, problem, retryAfterMs) {
    super(problem.detail ? `${problem.detail} [${problem.code}]` : `the gateway answered ${status}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.passes = status === 429 || status >= 500;
  }
}

async function call(path, { signal, headers = {}, key = session.key, limitMs = REQUEST_LIMIT_MS } = {}) {
  const signals = [signal, limitMs ? AbortSignal.timeout(limitMs) : null].filter(Boolean);
  const response = await fetch(new URL(path, API), {
    headers: { accept: 'application/json', ...headers, authorization: `Bearer ${key}` },
    signal: signals.length ? AbortSignal.any(signals) : undefined,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    referrerPolicy: 'no-referrer',
  });
  const date = Date.parse(response.headers.get('date') ?? '');
  // The header has whole seconds, so small differences say nothing.
  if (Number.isFinite(date)) skewMs = Math.abs(date - Date.now()) > 2000 ? date - Date.now() : 0;
  if (response.ok) return response;
  const retryAfterMs = 1000 * (Number(response.headers.get('retry-after')) || 0);
  const problem = await response.json().catch(() => ({}));
  throw new Refusal(response.status, problem ?? {}, retryAfterMs);
}

const json = async (path, options) => (await call(path, options)).json();
const path = (...segments) => `v1/${segments.map(encodeURIComponent).join('/')}`;

const sleep = (ms, signal) => new Promise((resolve) => {
  const timer = setTimeout(resolve, ms);
  signal?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
});

/** The data of each event of a stream. EventSource would do this but cannot send the key. */
async function* eventData(response, abort) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  let data = [];
  for (;;) {
    const silence = setTimeout(abort, SILENCE_LIMIT_MS);
    const { value, done } = await reader.read().finally(() => clearTimeout(silence));
    if (done) return;
    text += value;
    const lines = text.split('\n');
    text = lines.pop();
    if (text.length > MAX_EVENT_CHARS) throw new Error('event too large');
    for (const raw of lines) {
      const line = raw.replace(/\r$/, '');
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      else if (line === '' && data.length) {
        yield data.join('\n');
        data = [];
      }
    }
  }
}

/** Follows a job's events to its end, over as many connections as it takes. */
async function follow(job, signal, onEvent) {
  let last = null;
  let pause = 500;
  while (!signal.aborted) {
    const connection = new AbortController();
    const both = AbortSignal.any([signal, connection.signal]);
    const headers = { accept: 'text/event-stream', ...(last === null ? {} : { 'last-event-id': String(last) }) };
    let quiet = true;
    try {
      const response = await call(path('jobs', job, 'events'), { signal: both, headers, limitMs: 0 });
      for await (const data of eventData(response, () => connection.abort())) {
        const event = JSON.parse(data);
        if (last !== null && event.seq <= last) continue;
        last = event.seq;
        pause = 500;
        quiet = false;
        onEvent(event);
        if (FINAL.has(event.status)) return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && !error.passes) throw error;
    } finally {
      connection.abort();
    }
    // A job that has ended has nothing more to tell to whoever resumes.
    if (quiet && last !== null && openJob.job?.done) return;
    await sleep(pause, signal);
    pause = Math.min(pause * 2, 10000);
  }
}

// --- Models, for their names ----------------------------------------------------------------------------------------

const models = {
  names: new Map(),
  askedAt: -Infinity,
  /** Asks again when an unknown model turns up, but not all the time: old ones may be on a later page. */
  async learn(digests, signal) {
    const unknown = digests.some((digest) => digest && !this.names.has(digest));
    if (!unknown || Date.now() - this.askedAt < 20000) return;
    this.askedAt = Date.now();
    const { items } = await json('v1/models?limit=100', { signal });
    for (const model of items) this.names.set(model.model, model.name ?? null);
  },
  label(digest) {
    if (!digest) return muted('brought');
    const name = this.names.get(digest);
    return name ? el('bdi', { title: digest }, name) : mono(short(digest), digest);
  },
};

// --- Jobs -----------------------------------------------------------------------------------------------------------

function cells(row, columns) {
  columns.forEach(([label, data, build], index) => {
    const cell = row.children[index] ?? row.appendChild(el('td', { 'data-label': label }));
    render(cell, data, build);
  });
}

const rowOf = (view, testid) => (item) => el('tr', {
  'data-testid': testid,
  'data-id': item.id,
  // The link in the first cell is what keyboards and readers use; the row is a larger target for the mouse.
  onclick: (event) => {
    if (!event.target.closest('a') && !String(window.getSelection())) window.location.hash = `${view}/${encodeURIComponent(item.id)}`;
  },
});

const linkTo = (view, id) => el('a', { href: `#${view}/${encodeURIComponent(id)}`, title: id, class: 'id' }, short(id));

/** Marks the row whose panel is open. Changes its link and does not replace it, or it would lose the focus. */
function markSelected(row, selected) {
  row.classList.toggle('selected', selected);
  const link = row.querySelector('a');
  if (selected) link.setAttribute('aria-current', 'true');
  else link.removeAttribute('aria-current');
}

function updateJobRow(row, job) {
  row.dataset.status = job.status;
  cells(row, [
    ['Job', job.id, () => linkTo('jobs', job.id)],
    ['Label', job.label ?? '', (label) => (label ? el('bdi', { title: label }, label) : muted('—'))],
    ['Model', [job.model ?? null, models.names.get(job.model)], () => models.label(job.model)],
    ['Status', [job.status, job.failure?.code], () => [chip(job.status), job.failure && el('small', { class: 'code' }, job.failure.code)]],
    ['Prover', job.prover ?? '', (prover) => prover || muted('—')],
    ['Tier', [job.trust_tier, job.status], () => tierBadge(job.trust_tier, job.status === 'aggregated')],
    ['Price', job.price ?? '', (price) => (price ? usd(price) : muted('—'))],
    ['Age', age(job.created_ms), (text) => text],
  ]);
  markSelected(row, route.id === job.id);
}

function summary(jobs) {
  const count = (test) => jobs.filter(test).length;
  const parts = [
    [count((job) => !job.done), 'in flight'],
    [count((job) => job.status === 'aggregated' && job.trust_tier === 'proven'), 'proven'],
    [count((job) => job.status === 'aggregated' && job.trust_tier === 'attested'), 'attested'],
    [count((job) => job.status === 'failed'), 'failed'],
  ].filter(([size]) => size > 0).map(([size, what]) => `${size} ${what}`);
  return parts.length ? `of the newest ${jobs.length}: ${parts.join(', ')}` : '';
}

async function refreshJobs(signal) {
  const status = $('jobs-status').value;
  const query = new URLSearchParams({ limit: JOBS_SHOWN, ...(status && { status }) });
  const { items } = await json(`v1/jobs?${query}`, { signal });
  // A name that cannot be had is no reason to show no jobs.
  await models.learn(items.map((job) => job.model), signal).catch(() => {});
  sync($('jobs-rows'), items, (job) => job.id, rowOf('jobs', 'job-row'), updateJobRow);
  for (const job of items) if (job.statement_id) jobOfStatement.set(job.statement_id, job.id);
  const open = items.find((job) => job.id === openJob.id);
  // Should the event stream be down, the panel still keeps up with the list.
  if (open && openJob.job && open.updated_ms !== openJob.job.updated_ms) refreshOpenJob(openJob.stop.signal).catch(() => {});
  $('jobs-summary').textContent = summary(items);
  $('jobs-empty').textContent = status ? `No job is ${status}.` : 'No jobs yet. Submit one with POST /v1/jobs, an SDK, or the sheaf command.';
  $('jobs-empty').hidden = items.length > 0;
}

/** Jobs that the list has shown, so that a batch's statements can lead to them. */
const jobOfStatement = new Map();

/** The job in the detail panel, and the connections that keep it fresh. */
const openJob = { id: null, job: null, events: [], stop: null };
/** A look that is under way, and whether another is wanted after it: a stream that is replayed brings many events. */
const look = { signal: null, again: false };

const PANEL = ['head', 'facts', 'result', 'timeline', 'route', 'documents'];

function showJob(id) {
  openJob.stop?.abort();
  Object.assign(openJob, { id, job: null, events: [], stop: id ? new AbortController() : null });
  const panel = $('job-detail');
  panel.hidden = !id;
  $('view-jobs').classList.toggle('open', Boolean(id));
  for (const row of $('jobs-rows').children) markSelected(row, row.dataset.id === id);
  if (!id) return panel.replaceChildren();
  panel.replaceChildren(
    panelHead('job-title', 'jobs', id),
    ...PANEL.map((name) => el('section', { class: `part part-${name}`, 'data-part': name })),
  );
  panel.scrollTop = 0;
  const { signal } = openJob.stop;
  const problem = (error) => signal.aborted || render(part('head'), error.message, (text) => el('p', { class: 'error' }, text));
  refreshOpenJob(signal).catch(problem);
  follow(id, signal, (event) => {
    openJob.events.push(event);
    showTimeline();
    refreshOpenJob(signal).catch(() => {});
  }).catch(problem);
}

function panelHead(titleId, view, id) {
  const copy = el('button', { type: 'button', class: 'quiet', onclick: () => navigator.clipboard?.writeText(id).then(() => {
    copy.textContent = 'Copied';
    setTimeout(() => { copy.textContent = 'Copy id'; }, 1500);
  }) }, 'Copy id');
  return el('header', { class: 'panel-head' },
    el('h3', { id: titleId, tabindex: '-1', 'data-testid': titleId }, mono(id)),
    navigator.clipboard ? copy : null,
    el('a', { href: `#${view}`, class: 'button quiet', 'data-testid': 'close-detail', 'aria-label': 'Close details' }, '✕'));
}

const part = (name) => $('job-detail').querySelector(`[data-part="${name}"]`);

async function refreshOpenJob(signal) {
  look.again = true;
  if (look.signal === signal) return;
  look.signal = signal;
  try {
    while (look.again && !signal.aborted) {
      look.again = false;
      await lookAtOpenJob(signal);
    }
  } finally {
    if (look.signal === signal) look.signal = null;
  }
}

async function lookAtOpenJob(signal) {
  const { id } = openJob;
  const [job, why] = await Promise.all([
    json(path('jobs', id), { signal }),
    json(path('jobs', id, 'route'), { signal }).catch((error) => {
      // A proof that was brought has no route.
      if (error instanceof Refusal && !error.passes) return null;
      throw error;
    }),
  ]);
  if (signal.aborted) return;
  openJob.job = job;
  render(part('head'), [job.status, job.trust_tier, job.failure, job.reused_from], () => jobHead(job));
  render(part('facts'), [job, models.names.get(job.model)], () => jobFacts(job));
  render(part('result'), job.result ?? null, (result) => result && outcomeOf(result));
  render(part('route'), why, (given) => given && routeInWords(given));
  render(part('documents'), [job.statement_id, job.trust_tier, job.status], () => documentsOf(job));
  showTimeline();
}

function jobHead(job) {
  const { failure } = job;
  return [
    el('p', { class: 'chips' }, chip(job.status), job.trust_tier && tierBadge(job.trust_tier, job.status === 'aggregated')),
    job.trust_tier === 'attested' && attestedNotice('This job’s receipt'),
    failure && el('p', { class: 'notice failure', 'data-testid': 'failure' },
      el('strong', {}, `Failed while ${failure.stage}. `), `${failure.message} `, mono(`[${failure.code}]`),
      failure.retryable ? ' Submitting it again may succeed.' : ' Submitting it again will not help.'),
  ];
}

function jobFacts(job) {
  const limit = job.max_price ? ` of at most ${usd(job.max_price)}` : '';
  return facts([
    ['Label', job.label && el('bdi', {}, job.label)],
    ['Model', models.label(job.model)],
    ['Prover', job.prover],
    ['Price', job.price ? `${usd(job.price)}${limit}` : limit && `${limit.slice(4)}, ${job.done ? 'never' : 'not yet'} routed`],
    ['Wanted', `${job.objective}, ${job.privacy} input, at least ${job.min_trust_tier}`],
    ['Submitted', time(job.created_ms)],
    ['Due', time(job.due_ms)],
    ['Batch', job.batch_id && el('a', { href: `#batches/${encodeURIComponent(job.batch_id)}`, class: 'id', title: job.batch_id, 'data-testid': 'job-batch' }, short(job.batch_id))],
    ['Statement', job.statement_id && mono(job.statement_id)],
    ['Shares the proof of', job.reused_from && linkTo('jobs', job.reused_from)],
    ['Opening', job.opening && [mono(short(job.opening), job.opening), muted(' keep it: it alone opens the committed input')]],
  ]);
}

function outcomeOf(result) {
  const SHOWN = 32;
  const outputs = result.outputs.slice(0, SHOWN);
  const largest = Math.max(...outputs.map(Math.abs), Number.MIN_VALUE);
  // Bars of signed outputs grow from an axis in the middle.
  const signed = !result.softmax && outputs.some((output) => output < 0);
  const rows = outputs.map((output, index) => {
    const share = result.softmax ? result.softmax[index] ?? 0 : Math.abs(output) / largest;
    const bar = el('span', { class: 'bar-fill' });
    const percentage = Math.max(0, Math.min(1, share)) * (signed ? 50 : 100);
    bar.style.inlineSize = `${percentage}%`;
    if (signed) bar.style.marginInlineStart = `${output < 0 ? 50 - percentage : 50}%`;
    return el('tr', { class: index === result.greatest ? 'greatest' : undefined, 'data-testid': 'output' },
      el('th', { scope: 'row' }, String(index)),
      el('td', { class: 'number' }, number(output)),
      result.classes ? null : el('td', { class: 'bar-cell', 'aria-hidden': 'true' }, el('span', { class: signed ? 'bar-track signed' : 'bar-track' }, bar)),
      result.softmax ? el('td', { class: 'number muted' }, share.toFixed(4)) : null);
  });
  const notes = [
    result.greatest === undefined ? null : `Output ${result.greatest} is the greatest.`,
    result.error_bound === undefined ? null : `Each is within ±${number(result.error_bound)} of the model in real numbers.`,
    result.softmax ? 'Softmax is computed by the gateway and not proven.' : null,
    result.outputs.length > SHOWN ? `${result.outputs.length - SHOWN} more are not shown.` : null,
  ].filter(Boolean).join(' ');
  return [
    el('h4', {}, result.classes ? 'Classes' : 'Outputs'),
    el('table', { class: 'outputs', 'data-testid': 'outputs' }, el('tbody', {}, rows)),
    el('p', { class: 'muted' }, notes),
  ];
}

function showTimeline() {
  const { job, events } = openJob;
  const start = job?.created_ms ?? events[0]?.at_ms;
  render(part('timeline'), [events.length, start], () => events.length > 0 && [
    el('h4', {}, 'Timeline'),
    el('ol', { class: 'timeline', 'data-testid': 'timeline' }, events.map((event) => {
      const known = KNOWN_STATUS.has(event.status) ? event.status : 'other';
      return el('li', { class: `s-${known}`, 'data-testid': 'timeline-event', 'data-status': event.status, 'data-seq': event.seq },
        el('span', { class: 'when number' }, `+${duration(Math.max(0, event.at_ms - start))}`),
        el('span', { class: 'what' }, el('strong', {}, event.status), detailInWords(event.detail)));
    })),
  ]);
}

/** A field of an event as text: prices are numbers of millionths, and failures have a message and a code. */
function fieldInWords(name, value) {
  if (name === 'price' && typeof value === 'number') return microUsd(value);
  if (typeof value !== 'object') return String(value);
  return value.message && value.code ? `${value.message} [${value.code}]` : JSON.stringify(value);
}

function detailInWords(detail) {
  if (detail === null || typeof detail !== 'object') return detail ? ` ${detail}` : '';
  const pairs = Object.entries(detail).filter(([, value]) => value !== null && value !== '');
  const cut = (value) => (value.length > 240 ? `${value.slice(0, 240)}…` : value);
  const word = (value) => (/^0x[0-9a-f]{64}$/.test(value) ? mono(short(value), value) : el('bdi', {}, cut(value)));
  return pairs.map(([name, value]) => el('small', { class: 'pair' }, muted(`${words(name)} `), word(fieldInWords(name, value))));
}

/** Downloads with the key, which a plain link could not send. */
function download(label, at, name, testid) {
  const button = el('button', { type: 'button', 'data-testid': testid, onclick: async () => {
    button.disabled = true;
    try {
      const blob = await (await call(at)).blob();
      const url = URL.createObjectURL(blob);
      el('a', { href: url, download: name }).click();
      setTimeout(() => URL.revokeObjectURL(url), 10000);
      button.textContent = label;
    } catch (error) {
      button.textContent = `${label}: ${error.message}`;
    }
    button.disabled = false;
  } }, label);
  return button;
}

function documentsOf(job) {
  const verified = Boolean(job.statement_id);
  if (!verified) return null;
  const attested = job.trust_tier === 'attested';
  const kind = attested ? 'attestation' : 'receipt';
  return [
    el('h4', {}, 'Documents'),
    el('p', { class: 'buttons' },
      job.status === 'aggregated' && download(`Download ${kind}`, path('receipts', job.statement_id), `${job.id}.${kind}.json`, 'download-receipt'),
      download('Download proof', path('jobs', job.id, 'proof'), `${job.id}.proof.json`, 'download-proof'),
      !attested && job.status === 'aggregated' && job.batch_id
        && download('Download aggregate', path('batches', job.batch_id, 'aggregate'), `${job.batch_id}.aggregate.json`, 'download-aggregate')),
    job.status === 'aggregated' && !attested
      && el('p', { class: 'muted' }, 'Receipt and aggregate verify offline: ', mono('sheaf verify'), '.'),
  ];
}

// --- Why a prover was chosen ----------------------------------------------------------------------------------------

const REASONS = {
  no_quote: () => 'made no offer',
  price_above_limit: (reason) => `asks ${microUsd(reason.got)}, more than the limit of ${microUsd(reason.expected)}`,
  deadline_missed: (reason) => `would be done ${duration(reason.got_ms - reason.expected_ms)} after the deadline`,
  tier_too_low: (reason) => `its receipts are ${reason.got}, and ${reason.expected} was asked for`,
  visibility_not_served: (reason) => `its statements cannot have a ${reason.expected} input, only ${reason.got?.join(' or ') || 'none'}`,
  model_not_served: (reason) => `does not serve the model: ${reason.detail} [${reason.cause}]`,
  quarantined: (reason) => `was in quarantine for another ${duration(reason.until_ms - reason.now_ms)}`,
  no_capacity: () => 'takes no jobs at present',
  excluded: (reason) => `already failed this job at attempt ${reason.attempts} [${reason.cause}]`,
};

function reasonInWords(reason) {
  const { code, name, ...fields } = reason;
  const known = Object.hasOwn(REASONS, name);
  return known ? REASONS[name](reason) : `${words(name)} ${Object.keys(fields).length ? JSON.stringify(fields) : ''}`;
}

const TERMS = {
  price: (value) => `${microUsd(value)} of price`,
  wait: (value) => `${duration(value)} of waiting`,
  proving: (value) => `${duration(value)} of proving`,
  retries: (value) => `${percent(value)} more attempts expected`,
};

function termInWords(term) {
  const what = Object.hasOwn(TERMS, term.name) ? TERMS[term.name](term.value) : `${words(term.name)} ${number(term.value)}`;
  if (term.points !== undefined) return `${what}: ${points(term.points)}`;
  return term.weight === undefined ? what : `${what} × ${number(term.weight)}`;
}

/** A million points are one unit of the score. */
const points = (value) => number(Number((value / 1e6).toPrecision(4)));

function scoreBar(terms, scale) {
  const parts = terms.filter((term) => term.points > 0);
  if (!parts.length) return null;
  const bar = el('span', { class: 'score-bar', 'aria-hidden': 'true' }, parts.map((term) => {
    const piece = el('span', { class: `term term-${Object.hasOwn(TERMS, term.name) ? term.name : 'other'}`, title: termInWords(term) });
    piece.style.inlineSize = `${(term.points / scale) * 100}%`;
    return piece;
  }));
  return bar;
}

function decisionInWords(decision, index, count) {
  const ranked = decision.ranked ?? [];
  const rejected = decision.rejected ?? [];
  const scale = Math.max(...ranked.map((entry) => entry.score), 1);
  return el('article', { class: 'decision', 'data-testid': 'decision' },
    el('p', { 'data-testid': 'decision-summary' }, count > 1 ? el('strong', {}, `Decision ${index + 1} of ${count}. `) : null, decision.summary ?? ''),
    ranked.length > 0 && [
      el('h5', {}, 'Ranked, best first'),
      el('ol', { class: 'ranked' }, ranked.map((entry) => el('li', {
        class: entry.prover === decision.chosen ? 'chosen' : undefined, 'data-testid': 'ranked', 'data-prover': entry.prover,
      },
      el('p', {}, el('strong', {}, entry.prover), entry.prover === decision.chosen ? ' was chosen' : null,
        muted(` score ${points(entry.score)}`)),
      scoreBar(entry.terms ?? [], scale),
      el('p', { class: 'muted' },
        `${microUsd(entry.price)}, expected in ${duration(entry.expected_ms)}, ${duration(entry.slack_ms)} to spare, fails ${percent(entry.failure_ppm)} of the time.`),
      el('ul', { class: 'terms' }, (entry.terms ?? []).filter((term) => term.points !== 0).map((term) => el('li', { 'data-testid': 'term' }, termInWords(term))))))),
    ],
    rejected.length > 0 && [
      el('h5', {}, 'Rejected'),
      el('ul', { class: 'rejected' }, rejected.map((entry) => el('li', { 'data-testid': 'rejected', 'data-prover': entry.prover },
        el('strong', {}, entry.prover),
        el('ul', {}, (entry.reasons ?? []).map((reason) => el('li', {}, reasonInWords(reason), ' ', el('small', { class: 'code' }, reason.code)))))),
      ),
    ]);
}

function routeInWords(given) {
  const { decisions = [], attempts = [] } = given;
  if (!decisions.length && !attempts.length) return null;
  return [
    el('h4', {}, 'Route'),
    el('div', { 'data-testid': 'route' },
      decisions.map((decision, index) => decisionInWords(decision, index, decisions.length)),
      attempts.length > 0 && [
        el('h5', {}, 'Attempts'),
        el('ol', { class: 'attempts' }, attempts.map((attempt) => {
          const good = attempt.outcome === 'verified' || attempt.outcome === 'running';
          return el('li', { class: good ? undefined : 'bad', 'data-testid': 'attempt', 'data-outcome': attempt.outcome },
            el('strong', {}, attempt.prover), `: ${words(attempt.outcome)}`,
            attempt.ended_ms ? ` after ${duration(attempt.ended_ms - attempt.started_ms)}` : '',
            attempt.message ? [el('br'), el('bdi', {}, attempt.message)] : null,
            attempt.code ? [' ', el('small', { class: 'code' }, attempt.code)] : null);
        })),
      ]),
  ];
}

// --- Batches --------------------------------------------------------------------------------------------------------

const BATCH_CHIPS = { proving: 'proving', aggregated: 'aggregated', failed: 'failed' };
const batchChip = (status) => el('span', { class: `chip s-${BATCH_CHIPS[status] ?? 'other'}`, 'data-testid': 'status', 'data-status': status }, status);

const batchTier = (batch) => (batch.status === 'failed' ? muted('—') : tierBadge(batch.trust_tier, batch.status === 'aggregated'));

function updateBatchRow(row, batch) {
  row.dataset.status = batch.status;
  const took = batch.aggregated_ms ? duration(batch.aggregated_ms - batch.created_ms) : '';
  cells(row, [
    ['Batch', batch.id, () => linkTo('batches', batch.id)],
    ['Status', batch.status, batchChip],
    ['Tier', [batch.trust_tier, batch.status], () => batchTier(batch)],
    ['Statements', batch.size, (size) => number(size)],
    ['Closed because', batch.closed_because, (text) => text],
    ['Took', took, (text) => text || muted('—')],
    ['Age', age(batch.created_ms), (text) => text],
  ]);
  markSelected(row, route.id === batch.id);
}

async function refreshBatches(signal) {
  const { id } = route;
  const [{ items }, batch] = await Promise.all([
    json('v1/batches?limit=50', { signal }),
    // A batch that is not there must not keep the others from being listed.
    id ? json(path('batches', id), { signal }).catch((error) => {
      if (error instanceof Refusal && !error.passes && error.status !== 401) return error;
      throw error;
    }) : null,
  ]);
  sync($('batches-rows'), items, (entry) => entry.id, rowOf('batches', 'batch-row'), updateBatchRow);
  $('batches-empty').textContent = 'No batches yet. One is closed when it is full or a deadline comes near.';
  $('batches-empty').hidden = items.length > 0;
  if (!batch || route.id !== id) return;
  if (batch instanceof Refusal) render(inBatch('facts'), batch.message, (text) => el('p', { class: 'error' }, text));
  else updateBatch(batch);
}

function showBatch(id) {
  const panel = $('batch-detail');
  panel.hidden = !id;
  $('view-batches').classList.toggle('open', Boolean(id));
  for (const row of $('batches-rows').children) markSelected(row, row.dataset.id === id);
  if (!id) return panel.replaceChildren();
  const frame = { class: 'tree-frame', tabindex: '0', role: 'group', 'aria-label': 'The batch’s tree, which may scroll sideways' };
  // What the reader moves or opens stays as it is while the batch goes on; only what is inside is drawn anew.
  panel.replaceChildren(
    panelHead('batch-title', 'batches', id),
    batchPart('section', 'facts'),
    el('section', { class: 'part', hidden: true },
      el('h4', {}, 'Tree'), batchPart('div', 'tree', frame),
      el('ul', { class: 'legend', 'aria-hidden': 'true' }, [...TASK_STATUS].map((status) => el('li', { class: `k-${status}` }, status))),
      el('details', {}, el('summary', {}, 'Tasks as a table'), batchPart('div', 'tasks'))),
    el('details', { class: 'part', hidden: true, open: true }, batchPart('summary', 'count'), batchPart('ol', 'members', { class: 'members', start: '0' })),
    batchPart('section', 'documents'),
  );
  panel.scrollTop = 0;
}

const inBatch = (name) => $('batch-detail').querySelector(`[data-part="${name}"]`);
const batchPart = (element, name, attributes = {}) => el(element, { class: 'part', ...attributes, 'data-part': name });

function updateBatch(batch) {
  const { tasks = [], statements = [] } = batch;
  const into = (name, data, build) => {
    const node = inBatch(name);
    render(node, data, build);
    return node;
  };
  into('facts', { ...batch, statements: null }, () => batchFacts(batch, tasks));
  into('tree', tasks, () => tasks.length > 0 && drawTree(tasks)).parentElement.hidden = tasks.length === 0;
  into('tasks', tasks, () => taskTable(tasks));
  into('count', statements.length, (count) => plural(count, 'statement'));
  into('members', [statements, statements.map((statement) => jobOfStatement.get(statement))], () => statements.map(member))
    .parentElement.hidden = statements.length === 0;
  into('documents', [batch.status, batch.trust_tier], () => batch.status === 'aggregated' && batch.trust_tier === 'proven'
    && el('p', { class: 'buttons' }, download('Download aggregate', path('batches', batch.id, 'aggregate'), `${batch.id}.aggregate.json`, 'download-aggregate')));
}

function member(statement) {
  const job = jobOfStatement.get(statement);
  return el('li', { 'data-testid': 'batch-member' }, mono(statement), job && [' ', linkTo('jobs', job)]);
}

function batchFacts(batch, tasks) {
  const done = tasks.filter((task) => task.status === 'done').length;
  return [
    el('p', { class: 'chips' }, batchChip(batch.status), batchTier(batch)),
    batch.trust_tier === 'attested' && attestedNotice('This batch'),
    facts([
      ['Closed because', batch.closed_because],
      ['Closed', time(batch.created_ms)],
      ['Proof there', batch.aggregated_ms && time(batch.aggregated_ms)],
      ['Tasks', tasks.length > 0 && `${done} of ${tasks.length} done`],
      ['Digest', batch.digest && mono(batch.digest)],
      ['Aggregate', batch.aggregate_sha256 && [muted('sha256 '), mono(batch.aggregate_sha256)]],
    ]),
  ];
}

const TASK_STATUS = new Set(['blocked', 'ready', 'leased', 'done']);
const taskTime = (task) => (task.started_ms ? duration((task.ended_ms ?? now()) - task.started_ms) : '');

function taskTable(tasks) {
  return el('table', { class: 'rows plain' },
    el('thead', {}, el('tr', {}, ['Task', 'Kind', 'Status', 'Worker', 'Leases', 'Took'].map((name) => el('th', { scope: 'col' }, name)))),
    el('tbody', {}, tasks.map((task) => el('tr', {}, [
      ['Task', String(task.index)], ['Kind', task.kind], ['Status', task.status], ['Worker', task.worker ?? '—'], ['Leases', String(task.tries)],
      // Of a task at work it would change with every look, and rebuild the page with it.
      ['Took', task.ended_ms ? taskTime(task) : '—'],
    ].map(([label, text]) => el('td', { 'data-label': label }, text))))));
}

/** Places of tasks: a task stands above the middle of its children, those without children in a row. */
function placeTasks(tasks) {
  const byIndex = new Map(tasks.map((task) => [task.index, task]));
  const places = new Map();
  let columns = 0;
  const place = (index) => {
    const known = places.get(index);
    if (known) return known;
    // Set before its children, so that a circle of tasks ends the walk.
    const at = { x: 0, level: 0 };
    places.set(index, at);
    const children = byIndex.get(index).children.filter((child) => byIndex.has(child) && !places.has(child)).map(place);
    if (children.length) {
      at.x = children.reduce((sum, child) => sum + child.x, 0) / children.length;
      at.level = 1 + Math.max(...children.map((child) => child.level));
    } else {
      at.x = columns;
      columns += 1;
    }
    return at;
  };
  // From the top, so that children come before others of their level.
  [...byIndex.keys()].sort((a, b) => b - a).forEach(place);
  return { places, columns, levels: 1 + Math.max(...[...places.values()].map((at) => at.level)) };
}

function drawTree(given) {
  const tasks = given.map((task) => ({ ...task, children: task.children ?? [], members: task.members ?? [] }));
  const { places, columns, levels } = placeTasks(tasks);
  // Many leaves: small boxes without words.
  const wide = columns <= 16;
  const box = wide ? { width: 92, height: 40, gap: 14, rise: 84 } : { width: 16, height: 16, gap: 6, rise: 56 };
  const most = Math.max(0, ...tasks.map((task) => task.members.length));
  const perRow = wide ? 8 : 1;
  const memberRows = Math.min(Math.ceil(most / perRow), 6);
  const step = box.width + box.gap;
  const size = { width: columns * step + 2, height: (levels - 1) * box.rise + box.height + 10 + memberRows * 11 };
  const corner = (task) => {
    const at = places.get(task.index);
    return { x: at.x * step + box.gap / 2 + 1, y: (levels - 1 - at.level) * box.rise + 1 };
  };
  const byIndex = new Map(tasks.map((task) => [task.index, task]));
  const edges = tasks.flatMap((task) => task.children.filter((child) => byIndex.has(child)).map((child) => {
    const [from, to] = [corner(task), corner(byIndex.get(child))];
    const [x1, y1, x2, y2] = [from.x + box.width / 2, from.y + box.height, to.x + box.width / 2, to.y];
    const middle = (y1 + y2) / 2;
    return svg('path', { class: 'edge', d: `M${x1} ${y1}C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}` });
  }));
  const nodes = tasks.map((task) => {
    const { x, y } = corner(task);
    const status = TASK_STATUS.has(task.status) ? task.status : 'other';
    const worker = task.worker ? `, ${task.status === 'done' ? 'proven' : 'leased'} by ${task.worker}` : '';
    const tries = task.tries > 1 ? `, ${task.tries} leases` : '';
    const name = `${task.kind} ${task.index}: ${task.status}${worker}${tries}${task.ended_ms ? `, ${taskTime(task)}` : ''}`;
    const line = task.ended_ms ? taskTime(task) : task.status;
    return svg('g', {
      class: `task k-${status}`, transform: `translate(${x} ${y})`,
      'data-testid': 'batch-task', 'data-index': task.index, 'data-kind': task.kind, 'data-status': task.status,
    },
    svg('title', {}, name),
    svg('rect', { width: box.width, height: box.height, rx: wide ? 7 : 4 }),
    wide && svg('text', { x: box.width / 2, y: 17, class: 'kind' }, task.kind),
    wide && svg('text', { x: box.width / 2, y: 31, class: 'line' }, line),
    memberDots(task.members, box, perRow, memberRows));
  });
  const tree = svg('svg', {
    class: 'tree', viewBox: `0 0 ${size.width} ${size.height}`,
    role: 'img', 'aria-label': `Tree of ${plural(tasks.length, 'task')}; the table below says the same`, 'data-testid': 'batch-tree',
  }, edges, nodes);
  tree.style.maxInlineSize = `${size.width}px`;
  // A tree without words may shrink to fit before it scrolls.
  tree.style.minInlineSize = `${wide ? size.width : size.width / 2}px`;
  return tree;
}

function memberDots(members, box, perRow, rows) {
  const shownMembers = members.slice(0, perRow * rows);
  const inRow = Math.min(perRow, shownMembers.length);
  const left = (box.width - (inRow * 11 - 3)) / 2;
  return shownMembers.map((member, index) => svg('rect', {
    class: 'member', x: left + (index % perRow) * 11, y: box.height + 6 + Math.floor(index / perRow) * 11,
    width: 8, height: 8, rx: 2, 'data-testid': 'batch-tree-member', 'data-member': member,
  }, svg('title', {}, index === shownMembers.length - 1 && members.length > shownMembers.length
    ? `statement ${member} and ${members.length - shownMembers.length} more` : `statement ${member}`)));
}

// --- Provers --------------------------------------------------------------------------------------------------------

async function refreshProvers(signal) {
  const { items } = await json('v1/provers', { signal });
  const slowest = Math.max(1, ...items.map((prover) => prover.latency?.p99_ms ?? 0));
  sync($('provers-rows'), items, (prover) => prover.id, (prover) => el('li', {
    class: 'card prover', 'data-testid': 'prover-row', 'data-prover': prover.id,
  }), (card, prover) => {
    card.dataset.status = prover.status;
    const left = prover.quarantined_until_ms ? Math.ceil((prover.quarantined_until_ms - now()) / 1000) * 1000 : 0;
    render(card, [prover, left, slowest], () => proverCard(prover, left, slowest));
  });
  $('provers-empty').textContent = 'No provers are configured.';
  $('provers-empty').hidden = items.length > 0;
}

function proverCard(prover, quarantineLeftMs, slowest) {
  const quarantined = prover.status === 'quarantined';
  const failing = prover.recent_failures > 0;
  return [
    el('header', {},
      el('h3', {}, prover.title), mono(prover.id),
      el('p', { class: 'chips' },
        el('span', { class: `chip s-${quarantined ? 'failed' : 'aggregated'}`, 'data-testid': 'prover-status', 'data-status': prover.status }, prover.status),
        tierBadge(prover.trust_tier, true))),
    quarantined && el('p', { class: 'notice failure', 'data-testid': 'prover-quarantine' },
      el('strong', {}, quarantineLeftMs > 0 ? `Left alone for another ${duration(quarantineLeftMs)}. ` : 'Left alone. '), prover.quarantine_reason ?? ''),
    prover.latency ? latency(prover.latency, slowest) : el('p', { class: 'muted' }, 'No latency observed yet.'),
    facts([
      ['At work', `${prover.running} of ${prover.capacity}`],
      ['Recent failures', el('span', { class: failing ? 'bad' : undefined, 'data-testid': 'prover-failures' },
        prover.recent_attempts ? `${prover.recent_failures} of the last ${plural(prover.recent_attempts, 'attempt')}` : 'no attempts yet')],
      ['Input', prover.privacy.join(', ')],
      ['Proof system', prover.system],
      ['Version', prover.version],
    ]),
    prover.notes.length > 0 && el('ul', { class: 'notes', 'data-testid': 'prover-notes' }, prover.notes.map((note) => el('li', {}, note))),
  ];
}

/** Quantiles as numbers and, for the eye, on one square-root scale for all provers. */
function latency(quantiles, slowest) {
  // The circle and what is around it fit at both ends.
  const x = (ms) => Math.sqrt(ms / slowest) * 228 + 6;
  const [p50, p90, p99] = [quantiles.p50_ms, quantiles.p90_ms, quantiles.p99_ms];
  return el('div', { class: 'latency', 'data-testid': 'prover-latency' },
    svg('svg', { viewBox: '0 0 240 14', 'aria-hidden': 'true' },
      svg('path', { class: 'axis', d: 'M0 7H240' }),
      svg('path', { class: 'tail', d: `M${x(p90)} 7H${x(p99)}` }),
      svg('path', { class: 'body', d: `M${x(p50)} 7H${x(p90)}` }),
      svg('path', { class: 'tail', d: `M${x(p99)} 3V11` }),
      svg('circle', { cx: x(p50), cy: 7, r: 4 })),
    el('dl', {}, [['p50', p50], ['p90', p90], ['p99', p99]].map(([name, ms]) => el('div', {}, el('dt', {}, name), el('dd', {}, duration(ms)))),
      el('div', {}, el('dt', {}, 'samples'), el('dd', {}, number(quantiles.samples)))));
}

// --- Where we are, and keeping it fresh -----------------------------------------------------------------------------

const VIEWS = {
  jobs: { refresh: refreshJobs, show: showJob, everyMs: POLL_MS },
  batches: { refresh: refreshBatches, show: showBatch, everyMs: POLL_MS },
  provers: { refresh: refreshProvers, show: () => {}, everyMs: 2 * POLL_MS },
};
const route = { view: 'jobs', id: null };
/** From this width on the panel stands beside the list, as in style.css. */
const BESIDE_PX = 1100;
/** How far the list was scrolled when its place was taken. */
let leftAt = 0;

function connection(state, text) {
  const node = $('connection');
  node.dataset.state = state;
  if (node.textContent !== text) node.textContent = text;
}

const poller = {
  round: null,
  timer: null,
  failures: 0,
  /** Asks now, whatever is under way or due. */
  now() {
    this.stop();
    this.round = new AbortController();
    this.ask(this.round.signal);
  },
  stop() {
    clearTimeout(this.timer);
    this.round?.abort();
  },
  async ask(signal) {
    const view = VIEWS[route.view];
    let waitMs = document.hidden ? HIDDEN_POLL_MS : view.everyMs;
    try {
      await view.refresh(signal);
      if (signal.aborted) return;
      this.failures = 0;
      connection('live', 'live');
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Refusal && error.status === 401) return lock(error.message);
      this.failures += 1;
      const backoff = Math.min(POLL_MS * 2 ** Math.min(this.failures, 10), LONGEST_BACKOFF_MS);
      waitMs = Math.max(waitMs, backoff, error.retryAfterMs ?? 0);
      // What the browser says of a network failure differs from browser to browser and helps nobody.
      const what = error instanceof Refusal ? error.message : 'gateway not reached';
      connection('failing', `${what}; again in ${duration(waitMs)}`);
    }
    this.timer = setTimeout(() => this.ask(signal), waitMs);
  },
};

function readHash() {
  const [view, id] = window.location.hash.slice(1).split('/');
  if (!Object.hasOwn(VIEWS, view)) return { view: 'jobs', id: null };
  try {
    return { view, id: id ? decodeURIComponent(id) : null };
  } catch {
    return { view, id: null };
  }
}

function go() {
  const before = { ...route };
  Object.assign(route, readHash());
  // Where the panel takes the list's place it begins at its top, and closing it brings back what was seen of the list.
  const { innerWidth, scrollY } = window;
  const opens = !before.id && route.id && before.view === route.view;
  const closes = before.id && !route.id && before.view === route.view;
  if (opens) leftAt = scrollY;
  for (const name of Object.keys(VIEWS)) {
    const here = name === route.view;
    $(`view-${name}`).hidden = !here;
    const link = $('nav').querySelector(`[data-view="${name}"]`);
    if (here) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  if (before.view !== route.view) VIEWS[before.view].show(null);
  VIEWS[route.view].show(route.id);
  document.title = `${route.id ? short(route.id) : route.view} · Sheaf`;
  if (innerWidth < BESIDE_PX && (route.id || closes)) window.scrollTo(0, closes ? leftAt : 0);
  // Keyboards go on where the page does: into the panel, and back to the row that it came from.
  if (route.id) $(route.view === 'jobs' ? 'job-title' : 'batch-title')?.focus({ preventScroll: true });
  else if (closes) document.querySelector(`tr[data-key="${CSS.escape(before.id)}"] a`)?.focus({ preventScroll: innerWidth < BESIDE_PX });
  poller.now();
}

function unlock() {
  $('key-form').hidden = true;
  for (const id of ['nav', 'connection', 'forget']) $(id).hidden = false;
  connection('live', 'connecting');
  go();
}

function lock(message = '') {
  poller.stop();
  showJob(null);
  session.forget();
  for (const id of ['nav', 'connection', 'forget', ...Object.keys(VIEWS).map((name) => `view-${name}`)]) $(id).hidden = true;
  // What the last key saw is not for whoever comes next.
  for (const id of ['jobs-rows', 'jobs-summary', 'batches-rows', 'provers-rows', 'batch-detail']) $(id).replaceChildren();
  document.title = 'Sheaf';
  jobOfStatement.clear();
  models.names.clear();
  models.askedAt = -Infinity;
  $('key-form').hidden = false;
  $('key-error').textContent = message;
  $('key').value = '';
  $('key').focus();
}

$('key-form').addEventListener('submit', async (event) => {
  event.preventDefault();
  const key = $('key').value.trim();
  const button = $('key-form').querySelector('button');
  // Anything else cannot stand in a header, and fetch would say so in words that help nobody.
  if (!/^[\x21-\x7e]{1,512}$/.test(key)) {
    $('key-error').textContent = 'A key has only letters, digits and signs, and no spaces.';
    return;
  }
  button.disabled = true;
  try {
    await call('v1/jobs?limit=1', { key });
    session.remember(key);
    $('key').value = '';
    $('key-error').textContent = '';
    unlock();
  } catch (error) {
    $('key-error').textContent = error instanceof Refusal ? error.message : 'The gateway cannot be reached.';
  }
  button.disabled = false;
});
$('forget').addEventListener('click', () => lock());
$('jobs-status').addEventListener('change', () => poller.now());
window.addEventListener('hashchange', () => session.key && go());
document.addEventListener('visibilitychange', () => session.key && !document.hidden && poller.now());
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && route.id) window.location.hash = route.view;
});

if (session.key) unlock();
else lock();
