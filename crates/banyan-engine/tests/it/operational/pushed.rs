//! State that its sources push: read with the rest, and announced.

use super::*;

/// Notes what it hears: who, how many changes, and the difference.
#[derive(Default)]
struct Heard(Mutex<Vec<String>>);

impl StateListener for Heard {
    fn changed(&self, change: &StateChange) {
        let text = format!("{}\n{}", change.source, change.changes);
        self.0.lock().unwrap().push(text);
    }
}

#[tokio::test]
async fn pushed_state_is_read_and_announced() {
    let (engine, alice, _) = engine(&[]).await;
    alice.set(PORT_A).await.unwrap();
    let heard = Arc::new(Heard::default());
    engine.state().listen(heard.clone());
    let kernel = engine.state().source("kernel", Origin::System);
    let update = StateUpdate::new().put_json(COUNTERS);
    kernel.change(update).await.unwrap();
    let a = "<ports xmlns=\"urn:o\"><port><name>a</name><mtu>9000</mtu><up>true</up>\
             <counters><in>1</in><out>2</out></counters></port>";
    let b = "<port><name>b</name><counters><in>3</in></counters></port></ports>";
    let whole = GetData::of(ReadFrom::RunningAndState);
    assert_eq!(read(&alice, whole.clone()).await.0, format!("{a}{b}"));
    // Running is what it was, and nothing is written.
    assert!(
        !alice
            .show(banyan_engine::backend::Datastore::Running)
            .await
            .contains("counters")
    );
    let first = std::mem::take(&mut *heard.0.lock().unwrap());
    assert_eq!(first.len(), 1);
    assert!(first[0].starts_with("kernel\n"), "{first:?}");
    assert!(first[0].contains("port b"), "{first:?}");
    // The same again is no change.
    kernel
        .change(StateUpdate::new().put_json(COUNTERS))
        .await
        .unwrap();
    assert!(heard.0.lock().unwrap().is_empty());
    // All or nothing.
    let wrong = StateUpdate::new()
        .clear()
        .put_json(r#"{"o:ports": {"portt": []}}"#);
    assert!(kernel.change(wrong).await.is_err());
    assert_eq!(read(&alice, whole.clone()).await.0, format!("{a}{b}"));
    let update = StateUpdate::new()
        .remove("/o:ports/port[name='b']")
        .replace_json(
            "/o:ports/port[name='a']/counters",
            r#"{"o:ports": {"port": [{"name": "a", "counters": {"out": "4"}}]}}"#,
        );
    kernel.change(update).await.unwrap();
    assert_eq!(
        read(&alice, whole.clone()).await.0,
        "<ports xmlns=\"urn:o\"><port><name>a</name><mtu>9000</mtu><up>true</up><counters><out>4</out></counters></port></ports>"
    );
    assert_eq!(heard.0.lock().unwrap().len(), 1);
    kernel.change(StateUpdate::new().clear()).await.unwrap();
    assert!(!read(&alice, whole).await.0.contains("counters"));
    assert!(engine.state().tree().root().slots().is_empty());
}

#[tokio::test]
async fn what_one_source_takes_away_another_may_still_have() {
    let (engine, alice, _) = engine(&[]).await;
    let state = engine.state();
    let (kernel, bgp) = (
        state.source("kernel", Origin::System),
        state.source("bgp", Origin::Learned),
    );
    let up = r#"{"o:ports": {"port": [{"name": "x", "up": true}]}}"#;
    let speed = r#"{"o:ports": {"port": [{"name": "x", "speed": 5}]}}"#;
    kernel
        .change(StateUpdate::new().put_json(up))
        .await
        .unwrap();
    bgp.change(StateUpdate::new().put_json(speed))
        .await
        .unwrap();
    let both =
        "<ports xmlns=\"urn:o\"><port><name>x</name><speed>5</speed><up>true</up></port></ports>";
    let whole = GetData::of(ReadFrom::RunningAndState);
    assert_eq!(read(&alice, whole.clone()).await.0, both);
    kernel
        .change(StateUpdate::new().remove("/o:ports/port[name='x']"))
        .await
        .unwrap();
    assert_eq!(
        read(&alice, whole).await.0,
        "<ports xmlns=\"urn:o\"><port><name>x</name><speed>5</speed></port></ports>"
    );
    let learned = GetData {
        with_origin: true,
        ..operational(xpath("/o:ports/port/speed"))
    };
    let data = read(&alice, learned).await.0;
    assert!(data.contains("or:origin=\"or:learned\""), "{data}");
}
