// A recording: its frames by the chunk, the time line with states and faults, play and scrub.
const byId = id => document.getElementById(id);
const CHUNK = 200;
const COLOURS = { running: '#8fd6a8', ready: '#b9e4c6', aligning: '#ffe08a', holding: '#f4a3a3', fallen: '#f4a3a3', limp: '#cfd8e1', off: '#e8eef4' };

export class Timeline {
  constructor(scene, show) {
    this.scene = scene;
    this.show = show;
    this.times = scene.times_s;
    this.chunks = new Map();
    this.tick = 0;
    this.playing = false;
    byId('timeline').hidden = false;
    byId('seek').max = this.times.length - 1;
    byId('seek').addEventListener('input', event => this.seek(Number(event.target.value)));
    byId('next-mark').hidden = scene.faults.length === 0;
    byId('next-mark').addEventListener('click', () => this.nextMark());
    byId('bands').title = this.#words();
    byId('play').addEventListener('click', () => this.toggle());
    addEventListener('keydown', event => this.#key(event));
    addEventListener('resize', () => this.#bands());
    this.#bands();
    const asked = Number(new URLSearchParams(location.search).get('tick'));
    this.seek(Number.isFinite(asked) ? asked : 0);
  }

  toggle() {
    this.playing = !this.playing;
    if (this.playing && this.tick === this.times.length - 1) this.seek(0);
    byId('play').textContent = this.playing ? 'Pause' : 'Play';
    this.clock = null;
  }

  // The next fall or fault, and behind the last one the first again.
  nextMark() {
    const [first] = this.scene.faults.find(([tick]) => tick > this.tick) ?? this.scene.faults[0];
    this.seek(first);
  }

  async seek(tick) {
    this.tick = Math.min(this.times.length - 1, Math.max(0, Math.round(tick)));
    this.clock = null;
    await this.#show();
  }

  // To be called before each picture.
  advance(nowMs) {
    if (!this.playing) return;
    this.clock ??= { nowMs, timeS: this.times[this.tick] };
    const timeS = this.clock.timeS + (nowMs - this.clock.nowMs) / 1000 * Number(byId('speed').value);
    let tick = this.tick;
    while (tick < this.times.length - 1 && this.times[tick + 1] <= timeS) tick += 1;
    if (tick === this.times.length - 1) this.toggle();
    if (tick !== this.tick) { this.tick = tick; this.#show(); }
  }

  async #show() {
    const tick = this.tick;
    const frames = await this.#chunk(Math.floor(tick / CHUNK));
    // Somebody may have scrubbed on meanwhile.
    if (tick !== this.tick) return;
    this.show(frames[tick % CHUNK]);
    byId('seek').value = tick;
    byId('at').textContent = `tick ${tick} of ${this.times.length - 1}, ${this.times[tick].toFixed(2)} s`;
    this.#chunk(Math.floor(tick / CHUNK) + 1);
  }

  #chunk(index) {
    const first = index * CHUNK;
    if (first >= this.times.length) return Promise.resolve([]);
    if (!this.chunks.has(index)) {
      const asked = fetch(`frames?first=${first}&count=${CHUNK}`).then(answer => answer.json());
      this.chunks.set(index, asked);
      asked.catch(() => this.chunks.delete(index));
    }
    return this.chunks.get(index);
  }

  #words() {
    return this.scene.faults.map(([first,, word]) => `${this.times[first].toFixed(2)} s: ${word}`).join('\n');
  }

  #bands() {
    const canvas = byId('bands');
    canvas.width = canvas.clientWidth * devicePixelRatio;
    canvas.height = canvas.clientHeight * devicePixelRatio;
    const pen = canvas.getContext('2d');
    const last = Math.max(1, this.times.length - 1);
    const x = tick => tick / last * canvas.width;
    pen.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
    pen.textBaseline = 'middle';
    for (const [first, end, state] of this.scene.states) {
      pen.fillStyle = COLOURS[state] ?? '#dbe4ec';
      pen.fillRect(x(first), 0, Math.max(1, x(end + 1) - x(first)), canvas.height);
      pen.fillStyle = '#1d2733';
      if (x(end) - x(first) > pen.measureText(state).width + 12) pen.fillText(state, x(first) + 6, canvas.height / 2);
    }
    for (const [first, end] of this.scene.faults) {
      pen.fillStyle = '#c92a2a';
      pen.fillRect(x(first), canvas.height * 0.75, Math.max(3 * devicePixelRatio, x(end + 1) - x(first)), canvas.height / 4);
    }
  }

  #key(event) {
    if (event.target instanceof HTMLSelectElement) return;
    if (event.code === 'Space') {
      // Else the button that was clicked last is clicked once more.
      event.preventDefault();
      if (event.target instanceof HTMLButtonElement) event.target.blur();
      if (!event.repeat) this.toggle();
    }
    if (event.target instanceof HTMLInputElement) return;
    if (event.code === 'ArrowRight') this.seek(this.tick + 1);
    if (event.code === 'ArrowLeft') this.seek(this.tick - 1);
  }
}
