//! PostgreSQL, RabbitMQ and Redis, and names on them that no other test has.

use flare_contracts::Service;
use flare_testkit::{postgres_url, rabbitmq_url, redis_url};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::{block_on, broker, token};

/// Where the three servers are and what one installation is called on them.
#[derive(Clone, Debug)]
pub(crate) struct Servers {
    /// PostgreSQL, with an application name of this installation's own.
    pub(crate) postgres: String,
    pub(crate) rabbitmq: String,
    pub(crate) redis: String,
    /// Before each schema's name.
    pub(crate) schema_prefix: String,
    /// Before each exchange's, queue's and key's name.
    pub(crate) prefix: String,
    pub(crate) application: String,
}

impl Servers {
    /// None where they are not named; `cargo xtask test` always names them.
    pub(crate) fn of_this_machine() -> Option<Self> {
        let (postgres, rabbitmq, redis) = (postgres_url()?, rabbitmq_url()?, redis_url()?);
        let token = token();
        let application = format!("flare-journey-{token}");
        let join = if postgres.contains('?') { '&' } else { '?' };
        Some(Self {
            postgres: format!("{postgres}{join}application_name={application}"),
            rabbitmq,
            redis,
            schema_prefix: format!("j{token}_"),
            prefix: format!("j{token}."),
            application,
        })
    }

    /// A service's schema.
    pub(crate) fn schema(&self, service: Service) -> String {
        format!("{}{service}", self.schema_prefix)
    }

    /// Removes everything that bears this installation's names.
    pub(crate) fn clean(&self, approvers: &[String]) {
        block_on(async {
            let mut connection = PgConnection::connect(&self.postgres).await.unwrap();
            for service in Service::ALL {
                let drop = format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema(service));
                connection.execute(AssertSqlSafe(drop)).await.unwrap();
            }
            broker::remove(self, approvers).await;
        });
        let mut redis = redis::Client::open(self.redis.as_str()).unwrap().get_connection().unwrap();
        for key in redis_keys(&mut redis, &self.prefix) {
            redis::cmd("DEL").arg(key).exec(&mut redis).unwrap();
        }
    }
}

/// Every key with a prefix.
pub(crate) fn redis_keys(connection: &mut redis::Connection, prefix: &str) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    let mut cursor = 0_u64;
    loop {
        let (next, page): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(format!("{prefix}*"))
            .arg("COUNT")
            .arg(1000)
            .query(connection)
            .unwrap();
        keys.extend(page);
        if next == 0 {
            return keys;
        }
        cursor = next;
    }
}
