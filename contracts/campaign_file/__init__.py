"""Read the file of one campaign: a documented TOML file in, frozen dataclasses out, or every error at once.

Source: circulaire DGCS/SD2B/DGS/SP1/2020/34, annexes 1 to 6 (what a campaign fixes: rule C1). The format is
described in docs/campaign-format.md, what comes out is `contracts.campaign_spec.CampaignSpec`. Pure: no
Django, no database, no clock.

What we chose where the text is silent: a wrong file is refused whole (`CampaignFileErrors` lists every
problem with its place), amounts must be multiples of the envelope's rounding unit, a deadline must fall
between the year before the campaign and two years after the end of its period.

Worked example::

    spec = read_campaign(Path("fixtures/campaigns/2020.toml"))
    spec.objectives[0].title        # 'Atteindre à horizon 2022 un taux de couverture par la PMI…'
"""

from contracts.campaign_file.reading import CampaignFileErrors, read_campaign

__all__ = ["CampaignFileErrors", "read_campaign"]
