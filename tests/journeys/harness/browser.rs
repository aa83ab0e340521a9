//! Chromium, driven as a person would drive it: by what is on the page.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use fantoccini::{
    Client, ClientBuilder, Locator,
    actions::{InputSource as _, KeyAction, KeyActions, MouseActions, PointerAction},
    elements::Element,
    error::CmdError,
    key::Key,
};
use flare_testkit::tool;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::until;

/// How long the driver may take for one command.
const PATIENCE: Duration = Duration::from_mins(1);

/// The programs, where the environment names them.
#[derive(Clone, Debug)]
pub(crate) struct Chromium {
    browser: PathBuf,
    driver: PathBuf,
}

/// What a browser is started with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Whether scripts run; people's browsers here run none.
    pub(crate) scripts: bool,
    /// Whether pages that were left are kept whole for the way back.
    pub(crate) back_cache: bool,
    /// The screen's width and height.
    pub(crate) screen: (u32, u32),
}

/// A running browser with a profile of its own. Dropping it ends it.
pub(crate) struct Browser {
    client: Option<Client>,
    runtime: Runtime,
    driver: Child,
    profile: TempDir,
}

impl Default for Look {
    fn default() -> Self {
        Self { scripts: false, back_cache: true, screen: (320, 568) }
    }
}

impl Chromium {
    /// None where it is not named; `cargo xtask test` always names it.
    pub(crate) fn of_this_machine() -> Option<Self> {
        Some(Self { browser: tool("FLARE_TEST_CHROMIUM")?, driver: tool("FLARE_TEST_CHROMEDRIVER")? })
    }

    /// Starts one.
    pub(crate) fn start(&self, look: &Look) -> Browser {
        let mut driver = Command::new(&self.driver)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(driver.stdout.take().unwrap()).lines().map_while(Result::ok);
        let port = said.find_map(|line| {
            line.rsplit_once("started successfully on port ")?.1.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("the driver says where it is");
        // Read on, or the driver would stop at a full pipe.
        std::thread::spawn(move || said.for_each(drop));
        let profile = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let mut browser = Browser { client: None, runtime, driver, profile };
        let wanted = self.capabilities(look, &browser.profile);
        let connected = browser.runtime.block_on(async {
            let mut builder = ClientBuilder::new(HttpConnector::new());
            builder.capabilities(wanted.as_object().unwrap().clone());
            builder.connect(&format!("http://127.0.0.1:{port}")).await
        });
        browser.client = Some(connected.unwrap());
        browser
    }

    fn capabilities(&self, look: &Look, profile: &TempDir) -> Value {
        let mut args = vec![
            "--headless=new".to_owned(),
            "--no-sandbox".to_owned(),
            "--disable-gpu".to_owned(),
            "--disable-dev-shm-usage".to_owned(),
            "--disable-background-networking".to_owned(),
            "--disable-component-update".to_owned(),
            "--disable-sync".to_owned(),
            "--no-first-run".to_owned(),
            format!("--user-data-dir={}", profile.path().display()),
        ];
        if !look.back_cache {
            args.push("--disable-features=BackForwardCache".to_owned());
        }
        // As a first setting of the profile: 2 is "block".
        let scripts = if look.scripts { 1 } else { 2 };
        let (width, height) = look.screen;
        json!({
            "browserName": "chrome",
            "goog:chromeOptions": {
                "binary": self.browser,
                "args": args,
                "prefs": { "profile.managed_default_content_settings.javascript": scripts },
                // Not as touches: with scripts off the driver waits for ever for a touch to end.
                "mobileEmulation": {
                    "deviceMetrics": { "width": width, "height": height, "pixelRatio": 1.0, "touch": false },
                },
            },
        })
    }
}

impl Browser {
    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    /// What the driver answers. It may wait for a page, but not for ever.
    #[track_caller]
    fn wait<T>(&self, work: impl Future<Output = Result<T, CmdError>>) -> Result<T, CmdError> {
        let answered = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, work).await });
        answered.expect("the driver answers in time")
    }

    /// Opens an address, as typed into the bar.
    #[track_caller]
    pub(crate) fn open(&self, url: &str) {
        self.wait(self.client().goto(url)).unwrap();
    }

    /// What is on the page, once something is.
    #[track_caller]
    fn find(&self, css: &str) -> Element {
        until(&format!("{css} is on the page"), || self.wait(self.client().find(Locator::Css(css))).ok())
    }

    /// Waits until something is on the page.
    #[track_caller]
    pub(crate) fn sees(&self, css: &str) {
        self.find(css);
    }

    /// Whether something is on the page now.
    #[track_caller]
    pub(crate) fn has(&self, css: &str) -> bool {
        !self.wait(self.client().find_all(Locator::Css(css))).unwrap().is_empty()
    }

    /// The visible text of each element there.
    pub(crate) fn texts(&self, css: &str) -> Vec<String> {
        let elements = self.wait(self.client().find_all(Locator::Css(css))).unwrap();
        elements.iter().map(|element| self.wait(element.text()).unwrap()).collect()
    }

    /// The text of each element there, shown or folded away.
    pub(crate) fn contents(&self, css: &str) -> Vec<String> {
        let elements = self.wait(self.client().find_all(Locator::Css(css))).unwrap();
        elements.iter().map(|element| self.wait(element.prop("textContent")).unwrap().unwrap()).collect()
    }

    /// Types into a field.
    #[track_caller]
    pub(crate) fn types(&self, css: &str, text: &str) {
        self.wait(self.find(css).send_keys(text)).unwrap();
    }

    /// Clicks, and goes on when the page that follows has something on it that the page before had not.
    #[track_caller]
    pub(crate) fn clicks(&self, css: &str, then: &str) {
        assert!(!self.has(then), "{then} is on the page before the click");
        self.click(css);
        self.sees(then);
    }

    /// Clicks.
    #[track_caller]
    pub(crate) fn click(&self, css: &str) {
        self.wait(self.find(css).click()).unwrap();
    }

    /// Clicks twice, as fast as it goes.
    pub(crate) fn double_clicks(&self, css: &str) {
        let press = |actions: MouseActions| {
            let button = fantoccini::actions::MOUSE_BUTTON_LEFT;
            actions.then(PointerAction::Down { button }).then(PointerAction::Up { button })
        };
        let over = self.over(css);
        self.wait(self.client().perform_actions(press(press(over)))).unwrap();
    }

    /// Clicks with the key held that opens what follows in another tab, and goes to that tab.
    pub(crate) fn clicks_into_new_tab(&self, css: &str) {
        let before = self.wait(self.client().windows()).unwrap();
        let button = fantoccini::actions::MOUSE_BUTTON_LEFT;
        let pause = || PointerAction::Pause { duration: Duration::ZERO };
        let (held, pressed) = (Key::Control.into(), Key::Control.into());
        let keys = KeyActions::new("keys".to_owned())
            .pause(Duration::ZERO)
            .then(KeyAction::Down { value: held })
            .pause(Duration::ZERO)
            .pause(Duration::ZERO)
            .then(KeyAction::Up { value: pressed });
        let mouse = self.over(css).then(pause());
        let mouse =
            mouse.then(PointerAction::Down { button }).then(PointerAction::Up { button }).then(pause());
        let both = fantoccini::actions::Actions::from(keys).and(mouse);
        self.wait(self.client().perform_actions(both)).unwrap();
        let new = until("the other tab is open", || {
            self.wait(self.client().windows()).unwrap().into_iter().find(|tab| !before.contains(tab))
        });
        self.wait(self.client().switch_to_window(new)).unwrap();
    }

    /// Closes the tab that is shown and goes to the first that is left.
    pub(crate) fn closes_tab(&self) {
        self.wait(self.client().close_window()).unwrap();
        let first = self.wait(self.client().windows()).unwrap().remove(0);
        self.wait(self.client().switch_to_window(first)).unwrap();
    }

    /// The pointer over something.
    fn over(&self, css: &str) -> MouseActions {
        let element = self.find(css);
        // Actions do not scroll by themselves.
        let script = "arguments[0].scrollIntoView({block: 'center'})";
        let shown = serde_json::to_value(&element).unwrap();
        self.wait(self.client().execute(script, vec![shown])).unwrap();
        let to = PointerAction::MoveToElement { element, duration: None, x: 0.0, y: 0.0 };
        MouseActions::new("mouse".to_owned()).then(to)
    }

    /// Goes back, as with the browser's own button.
    #[track_caller]
    pub(crate) fn back(&self) {
        // An error page is a place to be in too.
        let _ = self.wait(self.client().back());
    }

    /// Goes forward again.
    #[track_caller]
    pub(crate) fn forward(&self) {
        let _ = self.wait(self.client().forward());
    }

    /// Loads the page again.
    #[track_caller]
    pub(crate) fn reload(&self) {
        let _ = self.wait(self.client().refresh());
    }

    pub(crate) fn url(&self) -> String {
        self.wait(self.client().current_url()).unwrap().to_string()
    }

    /// Everything that can be read off the page: its title, its text, and what stands in its fields.
    #[track_caller]
    pub(crate) fn everything(&self) -> String {
        let script = "return [document.title, document.body.textContent]
            .concat(Array.from(document.querySelectorAll('input, textarea'), field => field.value)).join('\\n')";
        self.run(script).as_str().unwrap().to_owned()
    }

    /// What a script of the test's own returns; it runs even where those of pages do not.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> Value {
        self.wait(self.client().execute(script, Vec::new())).unwrap()
    }

    /// What a script hands to the function that it is given last.
    #[track_caller]
    pub(crate) fn run_to_its_end(&self, script: &str) -> Value {
        self.wait(self.client().execute_async(script, Vec::new())).unwrap()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            // It ends Chromium; where it does not, what is left is killed below.
            let _ = self
                .runtime
                .block_on(async { tokio::time::timeout(Duration::from_secs(10), client.close()).await });
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let mine = self.profile.path().display().to_string();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(id) =
                process.file_name().to_str().filter(|id| id.parse::<u32>().is_ok()).map(str::to_owned)
            else {
                continue;
            };
            let line = fs::read(process.path().join("cmdline")).unwrap_or_default();
            if memchr::memmem::find(&line, mine.as_bytes()).is_some() {
                let _ = Command::new("kill").args(["-KILL", &id]).stderr(Stdio::null()).status();
            }
        }
    }
}
