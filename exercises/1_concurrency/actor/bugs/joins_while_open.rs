use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

enum Message {
    Deposit(u32),
    Balance(Sender<u32>),
}

pub struct Account {
    mailbox: Option<Sender<Message>>,
    actor: Option<JoinHandle<()>>,
}

impl Account {
    pub fn new() -> Self {
        let (mailbox, messages) = channel();
        let actor = std::thread::spawn(move || {
            let mut balance = 0;
            for message in messages {
                match message {
                    Message::Deposit(amount) => balance += amount,
                    Message::Balance(answer) => answer.send(balance).unwrap(),
                }
            }
        });
        Account {
            mailbox: Some(mailbox),
            actor: Some(actor),
        }
    }
    fn send(&self, message: Message) {
        self.mailbox.as_ref().unwrap().send(message).unwrap();
    }
    pub fn deposit(&self, amount: u32) {
        self.send(Message::Deposit(amount));
    }
    pub fn balance(&self) -> u32 {
        let (answer, receive) = channel();
        self.send(Message::Balance(answer));
        receive.recv().unwrap()
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = &self.mailbox;
        self.actor.take().unwrap().join().unwrap();
    }
}
