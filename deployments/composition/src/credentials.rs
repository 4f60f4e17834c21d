//! Settings of servers that come from secrets, and that follow their rotation.

use crate::secrets::{SecretNames, SecretSource, SecretValues, ServerSecret, unusable};
use crate::{BadSettings, CompositionError};
use std::sync::Arc;

/// The port of Postgres unless another is given.
const POSTGRES_PORT: u16 = 5432;

/// Fills settings of Postgres from the secret that `names` names. A setting that is given beats its
/// secret; the port counts as given unless it is the default. What `only_reads` connects to the replica,
/// if there is one.
pub(crate) async fn fill_postgres(
    settings: &mut akin_postgres::Settings,
    names: &SecretNames,
    source: &Arc<dyn SecretSource>,
    only_reads: bool,
) -> Result<(), CompositionError> {
    let Some(name) = names.postgres.clone() else { return Ok(()) };
    let setting = "--postgres-secret (POSTGRES_SECRETS_MANAGER_NAME)";
    let secret = ServerSecret { source: source.clone(), setting, name };
    let given = settings.clone();
    *settings = with_postgres_secret(&given, &secret.fetch().await?, only_reads)?;
    settings.renewal = Some(akin_postgres::Renewal::new(move || {
        let (secret, given) = (secret.clone(), given.clone());
        Box::pin(async move {
            let values = secret.fetch_again().await?;
            with_postgres_secret(&given, &values, only_reads).map_err(unusable)
        })
    }));
    Ok(())
}

fn with_postgres_secret(
    given: &akin_postgres::Settings,
    secret: &SecretValues,
    only_reads: bool,
) -> Result<akin_postgres::Settings, BadSettings> {
    let mut settings = given.clone();
    let has_replica = secret.text("readerHost").is_some_and(|host| !host.trim().is_empty());
    let (host, port) = if only_reads && has_replica {
        (secret.text("readerHost"), secret.port("readerPort")?.or(secret.port("port")?))
    } else {
        (secret.text("host"), secret.port("port")?)
    };
    // A port belongs to the host beside it.
    let port = port.filter(|_| settings.port == POSTGRES_PORT && settings.host.is_none());
    settings.port = port.unwrap_or(settings.port);
    settings.host = settings.host.or(host);
    secret.fill(&mut settings.user, "username");
    secret.fill(&mut settings.password, "password");
    Ok(settings)
}

/// Fills settings of `OpenSearch` from the secret that `names` names. A setting that is given beats its
/// secret.
pub(crate) async fn fill_opensearch(
    settings: &mut akin_opensearch::Settings,
    names: &SecretNames,
    source: &Arc<dyn SecretSource>,
) -> Result<(), CompositionError> {
    let Some(name) = names.opensearch.clone() else { return Ok(()) };
    let setting = "--opensearch-secret (OPENSEARCH_SECRETS_MANAGER_NAME)";
    let secret = ServerSecret { source: source.clone(), setting, name };
    let given = settings.clone();
    *settings = with_opensearch_secret(&given, &secret.fetch().await?);
    settings.renewal = Some(akin_opensearch::Renewal::new(move || {
        let (secret, given) = (secret.clone(), given.clone());
        Box::pin(async move { Ok(with_opensearch_secret(&given, &secret.fetch_again().await?)) })
    }));
    Ok(())
}

fn with_opensearch_secret(
    given: &akin_opensearch::Settings,
    secret: &SecretValues,
) -> akin_opensearch::Settings {
    let mut settings = given.clone();
    secret.fill(&mut settings.endpoint, "endpoint");
    secret.fill(&mut settings.username, "username");
    secret.fill(&mut settings.password, "password");
    settings
}
