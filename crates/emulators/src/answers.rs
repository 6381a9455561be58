//! Who answers a request, with what, and when.

use crate::bus::ServoBus;
use crate::codec::{BROADCAST, Request, STATUS_BYTES, instruction, status_frame};
use crate::faults::ReplyFault;
use crate::options::LaterServos;
use crate::servo::Servo;
use crate::turns::{Content, Turn, Turns};
use crate::wire::Sending;
use std::collections::VecDeque;

impl ServoBus {
    /// A whole request was heard. Requests that make no sense are not answered.
    pub(crate) fn serve(&mut self, request: &Request) {
        self.turns = None;
        let (now_ns, baud) = (self.now_ns, self.options.baud);
        let is_for =
            |servo: &Servo, id: u8| servo.hears(now_ns, baud) && (id == BROADCAST || servo.id() == id);
        let called: Vec<usize> =
            (0..self.servos.len()).filter(|&at| is_for(&self.servos[at], request.id)).collect();
        let by_name = request.id != BROADCAST;
        let params = &request.params[..];
        match (request.instruction, params) {
            (instruction::PING, _) => {
                let may = |servo: &Servo| by_name || servo.options().answers_broadcast_ping;
                let called = called.into_iter().filter(|&at| may(&self.servos[at])).collect();
                self.answer(called, request, Content::Status { id: None });
            }
            (instruction::READ, &[address, len]) if by_name => {
                self.answer(called, request, Content::Registers { address, len });
            }
            (instruction::WRITE, &[address, ref data @ ..]) => {
                self.obey(called, request, |servo| servo.write(address, data));
            }
            (instruction::REG_WRITE, &[address, ref data @ ..]) => {
                self.obey(called, request, |servo| servo.reg_write(address, data));
            }
            (instruction::ACTION, _) => self.obey(called, request, Servo::act),
            (instruction::FACTORY_RESET, _) => self.obey(called, request, Servo::factory_reset),
            (instruction::REBOOT, _) => self.obey(called, request, |servo| servo.power_cycle(now_ns)),
            (instruction::SYNC_WRITE, &[address, len, ref groups @ ..]) if !by_name => {
                let group_len = usize::from(len) + 1;
                // A frame whose groups do not come out even is nobody's.
                if !groups.len().is_multiple_of(group_len) {
                    return;
                }
                for group in groups.chunks_exact(group_len) {
                    for at in called.iter().copied() {
                        if self.servos[at].id() == group[0] {
                            self.servos[at].write(address, &group[1..]);
                        }
                    }
                }
            }
            (instruction::SYNC_READ, &[address, len, ref ids @ ..]) if !by_name => {
                let answers = |servo: &Servo| servo.answers(instruction::SYNC_READ);
                let turn = |&id: &u8| {
                    let has_id = |&at: &usize| self.servos[at].id() == id && answers(&self.servos[at]);
                    let servos = called.iter().copied().filter(has_id).collect();
                    Turn { servos, content: Content::Registers { address, len } }
                };
                let answering = if self.is_first_only { 1 } else { ids.len() };
                let queue = ids.iter().take(answering).map(turn).collect();
                self.begin(now_ns, queue);
            }
            _ => {}
        }
    }

    /// The servos called do it; one that was called by name answers where its response level lets it.
    fn obey(&mut self, called: Vec<usize>, request: &Request, mut act: impl FnMut(&mut Servo)) {
        for &at in &called {
            act(&mut self.servos[at]);
        }
        if request.id != BROADCAST {
            self.answer(called, request, Content::Status { id: Some(request.id) });
        }
    }

    fn answer(&mut self, called: Vec<usize>, request: &Request, content: Content) {
        let answers = |&at: &usize| self.servos[at].answers(request.instruction);
        let servos: Vec<usize> = called.into_iter().filter(answers).collect();
        if !servos.is_empty() {
            self.begin(self.now_ns, VecDeque::from([Turn { servos, content }]));
        }
    }

    /// The wire fell silent: the first of the queue gets ready.
    fn begin(&mut self, since_ns: u64, queue: VecDeque<Turn>) {
        let Some(turn) = queue.front() else { return };
        let delay_ns = turn.servos.iter().map(|&at| self.servos[at].return_delay_ns()).min().unwrap_or(0);
        let at_ns = since_ns.saturating_add(delay_ns.max(self.options.min_turnaround_ns));
        self.turns = Some(Turns { queue, since_ns, at_ns });
    }

    /// The next turn has come.
    pub(crate) fn take_turn(&mut self) {
        let Some(mut turns) = self.turns.take() else { return };
        let Some(turn) = turns.queue.pop_front() else { return };
        let is_speaking = |&at: &usize| {
            let servo = &self.servos[at];
            servo.silence().is_none() && servo.is_up(self.now_ns)
        };
        let speaking: Vec<usize> = turn.servos.iter().copied().filter(is_speaking).collect();
        if !speaking.is_empty() {
            let end_ns = self.speak(&speaking, turn.content, turns.since_ns);
            return self.begin(end_ns, turns.queue);
        }
        if !turns.queue.is_empty() && self.later_servos(&turn) == LaterServos::Answer {
            let slot_ns = self.wire.time_ns(turn.content.frame_bytes());
            let end_ns =
                self.now_ns.saturating_add(slot_ns).saturating_add(self.options.silent_slot_margin_ns);
            self.waiting_ns = self.waiting_ns.saturating_add(end_ns - turns.since_ns);
            self.begin(end_ns, turns.queue);
        }
    }

    /// What the servos after a silent one do.
    fn later_servos(&self, turn: &Turn) -> LaterServos {
        let silence = turn.servos.iter().find_map(|&at| self.servos[at].silence());
        silence.unwrap_or(self.options.absent)
    }

    /// One answer goes onto the wire, garbled where several servos give it; returns when the wire falls silent.
    fn speak(&mut self, speaking: &[usize], content: Content, since_ns: u64) -> u64 {
        let frames: Vec<Vec<u8>> = speaking.iter().map(|&at| content.frame(&self.servos[at])).collect();
        let mut bytes = frames.iter().max_by_key(|frame| frame.len()).cloned().unwrap_or_default();
        let garbled_bytes = if frames.len() > 1 { bytes.len() } else { 0 };
        let mut sending = Sending { garbled_bytes, lost_from: None };
        let mut first_ns = self.now_ns;
        let mut copies = 1;
        match self.faults.strike_reply(self.now_ns, speaking[0], bytes.len()) {
            None => {}
            Some(ReplyFault::Lost) => sending.lost_from = Some(0),
            Some(ReplyFault::Cut { keep_bytes }) => sending.lost_from = Some(keep_bytes.min(bytes.len() - 1)),
            Some(ReplyFault::Corrupted { bits }) => self.faults.flip(&mut bytes, bits),
            Some(ReplyFault::Late { by_ns }) => first_ns = first_ns.saturating_add(by_ns),
            Some(ReplyFault::Duplicated) => copies = 2,
        }
        self.waiting_ns = self.waiting_ns.saturating_add(first_ns - since_ns);
        (0..copies).fold(first_ns, |first_ns, _| self.wire.send_from_servo(first_ns, &bytes, sending))
    }
}

impl Content {
    fn frame(self, servo: &Servo) -> Vec<u8> {
        match self {
            Content::Status { id } => status_frame(id.unwrap_or(servo.id()), servo.error(), &[]),
            Content::Registers { address, len } => {
                status_frame(servo.id(), servo.error(), &servo.registers().read(address, len))
            }
        }
    }

    fn frame_bytes(self) -> usize {
        match self {
            Content::Status { .. } => STATUS_BYTES,
            Content::Registers { len, .. } => STATUS_BYTES + usize::from(len),
        }
    }
}
