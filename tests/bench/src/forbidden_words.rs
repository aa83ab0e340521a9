//! How long a message of the greatest length is searched for what a contact plan forbids, while whoever wrote it waits.

use std::time::Instant;

use flare_contracts::text_limits;
use flare_edge::ContactPlan;

use crate::{Failure, median, p99, report};

const PHRASES: &str = "El Fasher; radio; Köln; Diyarbakır; Warszawa; Москва; Нижний Новгород; Харків; Αθήνα; თბილისი; \
    المدينة; مستشفى; نویسنده; רמאללה; አዲስ አበባ; दिल्ली; யாழ்ப்பாணம்; ရန်ကုန်; เชียงใหม่; 西藏";
/// What stands at the message's end, and says one of them.
const SAID: &str = "Moskau MOCKBA";
/// What the rest of the message consists of, and says none.
const SENTENCES: [&str; 4] = [
    "We heard from your sister that everybody came home. ",
    "Мы получили ваше сообщение и ответим завтра. ",
    "وصلتنا رسالتك وسنكتب لك غدا. ",
    "我们明天再联系你。",
];
const TIMES: usize = 200;

pub(crate) fn measure() -> Result<(), Failure> {
    let plan = ContactPlan {
        how: "Signal".to_owned(),
        never_say: PHRASES.split("; ").map(str::to_owned).collect(),
        ..ContactPlan::default()
    };
    let sentences = SENTENCES.iter().cycle().flat_map(|sentence| sentence.chars());
    let message: String = sentences.take(text_limits::MESSAGE - SAID.len()).chain(SAID.chars()).collect();
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        let found = plan.forbidden_in(&message).phrases;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
        if found != ["Москва"] {
            return Err(format!("{found:?} was found").into());
        }
    }
    let figure = format!("p50 {:.1} ms, p99 {:.1} ms", median(times.clone()), p99(times));
    report("a plan of 20 phrases, searched in a message of 20,000 characters", &figure, "p99 <= 50 ms");
    Ok(())
}
