// The live stream: what was heard last, how old it is, and in plain words why nothing new comes. A stream that broke is
// opened again by itself; a robot or a server that is back resumes no command.
const RETRY_MS = 1000;
// Nothing new for so long is a disconnect: fifteen frames at 30 a second, and for a browser that draws slower than it
// hears three of its own pictures.
const SILENCE_MS = 500;
const SILENT_PICTURES = 3;
// The server says something four times a second, whatever the robot does.
const MUTE_MS = 1500;
// A connection that is open and mute for so long is given up for a new one.
const HOPELESS_MS = 6000;

export class Live {
  constructor(hearMay) {
    this.hearMay = hearMay;
    // Shown with the next picture: a slow browser draws the newest, and not one after the other.
    this.unseen = null;
    // When the robot's newest state was, as far as is known here, and when anything was heard.
    this.newestMs = this.heardMs = performance.now();
    this.hasFrame = false;
    this.why = null;
    this.trouble = null;
    this.ended = null;
    this.#open();
  }

  // The frame that came since the last call, or null.
  take() {
    const frame = this.unseen === null ? null : JSON.parse(this.unseen);
    this.unseen = null;
    return frame;
  }

  // What the person is told, or null while all is well: what happened, and how old it is what she sees.
  notice(nowMs, pictureMs) {
    if (this.ended !== null) return { what: this.ended, age: this.#age(nowMs) };
    if (this.trouble !== null) return { what: this.trouble, age: `${this.#age(nowMs)} Trying again.` };
    const limitMs = SILENT_PICTURES * pictureMs;
    if (nowMs - this.heardMs > HOPELESS_MS) this.#again('gaitway view does not answer.');
    if (nowMs - this.heardMs > Math.max(MUTE_MS, limitMs)) return { what: 'gaitway view does not answer.', age: this.#age(nowMs) };
    if (this.why !== null) return { what: `${this.why}.`, age: `${this.#age(nowMs)} Looking for it again.` };
    if (nowMs - this.newestMs <= Math.max(SILENCE_MS, limitMs)) return null;
    return { what: this.hasFrame ? 'The robot says nothing new.' : 'The robot has said nothing yet.', age: this.#age(nowMs) };
  }

  #age(nowMs) {
    return this.hasFrame ? `Shown: ${((nowMs - this.newestMs) / 1000).toFixed(1)} s old.` : 'Nothing to show yet.';
  }

  #open() {
    const stream = this.stream = new EventSource('live');
    const hear = (name, work) => stream.addEventListener(name, event => {
      this.heardMs = performance.now();
      this.trouble = null;
      work(event.data);
    });
    hear('may', data => this.hearMay(JSON.parse(data)));
    hear('frame', data => {
      this.newestMs = this.heardMs;
      this.hasFrame = true;
      this.why = null;
      this.unseen = data;
    });
    hear('silence', data => {
      const { age_s: ageS, why } = JSON.parse(data);
      this.newestMs = Math.min(this.newestMs, this.heardMs - 1000 * ageS);
      this.why = why;
    });
    hear('end', data => {
      this.ended = `Ended: ${JSON.parse(data).why}.`;
      stream.close();
    });
    hear('closing', () => this.#again('gaitway view has ended.'));
    stream.addEventListener('error', () => this.#failed(stream));
  }

  async #failed(stream) {
    if (stream !== this.stream || this.ended !== null) return;
    this.#again(this.trouble ?? 'The connection to gaitway view broke.');
    try {
      if ((await fetch('view.css')).status === 404) {
        this.ended = 'Another gaitway view answers here: open the address that it printed.';
        clearTimeout(this.timer);
      }
    } catch { /* Nobody answers yet. */ }
  }

  #again(trouble) {
    this.stream.close();
    this.stream = null;
    this.trouble = trouble;
    this.heardMs = performance.now();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#open(), RETRY_MS);
  }
}
