// Starts the page: the scene once, then frames, live or from a recording.
import { World } from './world.js';
import { Panel, tell } from './panel.js';
import { Steering } from './steering.js';
import { Timeline } from './timeline.js';

const byId = id => document.getElementById(id);
// Nothing new for so long is a disconnect: fifteen frames at 30 a second, and for a browser that draws slower than it
// hears three of its own pictures.
const SILENCE_MS = 500;
const SILENT_PICTURES = 3;

const scene = await (await fetch('scene')).json();
const panel = new Panel(scene);
let world = null;
try {
  world = new World(byId('world'), scene);
} catch (error) {
  tell(`3D needs WebGL: ${error.message}`);
}
let before = null;
const drawMs = [];

function show(frame) {
  world?.pose(frame.bodies);
  panel.show(frame);
}

function live() {
  const steering = new Steering(panel.axes, scene.may);
  // When the robot's newest state was, as far as is known here.
  let newest = performance.now();
  let ended = null;
  // Shown with the next picture: a slow browser draws the newest, and not one after the other.
  let unseen = null;
  const stream = new EventSource('live');
  stream.addEventListener('frame', event => {
    newest = performance.now();
    unseen = event.data;
  });
  stream.addEventListener('silence', event => {
    newest = Math.min(newest, performance.now() - 1000 * JSON.parse(event.data).age_s);
  });
  stream.addEventListener('end', event => {
    ended = JSON.parse(event.data).why;
    stream.close();
  });
  let drawnMs = performance.now();
  return nowMs => {
    const limitMs = Math.max(SILENCE_MS, SILENT_PICTURES * (nowMs - drawnMs));
    drawnMs = nowMs;
    if (unseen !== null) {
      const frame = JSON.parse(unseen);
      unseen = null;
      show(frame);
      steering.show(frame);
    }
    const ageMs = performance.now() - newest;
    const isHeard = ended === null && ageMs <= limitMs;
    steering.hear(isHeard);
    if (isHeard) tell(null);
    else tell(ended === null ? `no data for ${(ageMs / 1000).toFixed(1)} s` : `ended: ${ended}`);
  };
}

function recorded() {
  const timeline = new Timeline(scene, show);
  if (scene.cut) byId('state').title = `the recording was cut: ${scene.cut}`;
  return nowMs => timeline.advance(nowMs);
}

const prepare = scene.mode === 'live' ? live() : recorded();

function draw(nowMs) {
  prepare(nowMs);
  if (world) drawMs.push(world.draw());
  if (drawMs.length >= 30) {
    const mean = drawMs.reduce((sum, each) => sum + each, 0) / drawMs.length;
    byId('times').textContent = `${(drawMs.length / (nowMs - before) * 1000).toFixed(0)} pictures a second, ${mean.toFixed(1)} ms each`;
    drawMs.length = 0;
  }
  if (drawMs.length === 0) before = nowMs;
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);
