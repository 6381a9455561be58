// Starts the page: the scene once, then frames, live or from a recording.
import { World } from './world.js';
import { Panel, tell } from './panel.js';
import { Live } from './live.js';
import { Steering } from './steering.js';
import { Timeline } from './timeline.js';

const byId = id => document.getElementById(id);

const scene = await (await fetch('scene')).json();
const panel = new Panel(scene);
let world = null;
try {
  world = new World(byId('world'), scene);
} catch (error) {
  tell({ what: '3D needs WebGL.', age: error.message });
}
byId('ghost').addEventListener('change', event => world?.showGoals(event.target.checked));
let beforeMs = null;
const drawMs = [];

function show(frame) {
  world?.pose(frame.bodies, frame.goal_bodies);
  panel.show(frame);
}

function live() {
  const steering = new Steering(panel.axes);
  const stream = new Live(may => steering.allow(may));
  let drawnMs = performance.now();
  return () => {
    const nowMs = performance.now();
    const frame = stream.take();
    if (frame) {
      show(frame);
      steering.show(frame);
    }
    const notice = stream.notice(nowMs, nowMs - drawnMs);
    drawnMs = nowMs;
    steering.hear(notice === null);
    if (world || notice) tell(notice);
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
    byId('times').textContent = `${(drawMs.length / (nowMs - beforeMs) * 1000).toFixed(0)} pictures a second, ${mean.toFixed(1)} ms each`;
    drawMs.length = 0;
  }
  if (drawMs.length === 0) beforeMs = nowMs;
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);
