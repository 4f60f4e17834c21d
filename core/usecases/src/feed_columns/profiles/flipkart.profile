# Flipkart, a set of products of PromptCloud.
told by uniq_id, product_category_tree, retail_price

uniq_id = product_id
pid = product_id
product_name = name
product_category_tree = main_category
retail_price = actual_price
discounted_price = discount_price
image = image
product_url = link
description = description
product_rating = ratings
overall_rating = ratings
brand = brand
